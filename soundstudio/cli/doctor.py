"""`soundstudio doctor`: what is installed, which devices and models, what would be slow and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from soundstudio.cli.terminal import write_json, write_line, write_table

if TYPE_CHECKING:
    import argparse


def add_parser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "doctor", parents=[common], help="what is installed, and what would be slow and why"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the report; 1 if something keeps Sound Studio from generating."""
    from soundstudio.cli.doctor_facts import examine

    facts = examine()
    if args.json:
        write_json(facts)
    else:
        _write_report(facts)
    return 1 if facts["problems"] else 0


def _write_report(facts: dict[str, Any]) -> None:
    _heading("Versions")
    write_table([(name, version or "not installed") for name, version in facts["versions"].items()])
    _heading("Devices")
    rows = [("DEVICE", "NAME", "AUTO", "TEXT", "UNET", "VAE", "VOCODER")]
    for device in facts["devices"]:
        parts = (device["precision"][name] for name in ("text", "unet", "vae", "vocoder"))
        rows.append((device["kind"], device["title"], device["dtype"], *parts))
    write_table(rows)
    _heading("Models")
    write_table([(row["id"], row["title"], row["state"]) for row in facts["models"]])
    _heading("Sound output")
    write_line(facts["sound_output"]["sentence"])
    _heading("Computer")
    write_table([(row["name"], row["value"]) for row in facts["computer"]])
    for title, key in (("Slow", "slow"), ("Problems", "problems")):
        _heading(title)
        for sentence in facts[key] or ["Nothing found."]:
            write_line(sentence)


def _heading(title: str) -> None:
    write_line(f"\n{title}\n{'-' * len(title)}")
