"""Word tables behind the captions of the real clips."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

DOOM_NAMES = {
    "barexp": "barrel explosion",
    "bdcls": "heavy metal door closing fast",
    "bdopn": "heavy metal door opening fast",
    "bfg": "huge energy weapon firing",
    "boscub": "demonic cube flying",
    "bospit": "demon spitting a cube",
    "claw": "claw slash",
    "dbcls": "double barrelled shotgun closing",
    "dbload": "loading shotgun shells",
    "dbopn": "double barrelled shotgun opening",
    "dorcls": "mechanical door closing",
    "doropn": "mechanical door opening",
    "dshtgn": "double barrelled shotgun shot",
    "firsht": "fireball launch",
    "firxpl": "fireball explosion",
    "flame": "flames",
    "getpow": "power up pickup",
    "hoof": "heavy hoof footstep",
    "itemup": "item pickup",
    "itmbk": "item respawn shimmer",
    "metal": "metal foot stomp",
    "noway": "grunt of effort",
    "oof": "grunt after a fall",
    "pistol": "pistol gunshot",
    "plasma": "plasma gun shot",
    "podth": "soldier dying scream",
    "pstart": "platform motor starting",
    "pstop": "platform stopping with a clunk",
    "punch": "punch",
    "radio": "radio chatter blip",
    "rlaunc": "rocket launch",
    "rxplod": "rocket explosion",
    "sawful": "chainsaw revving at full throttle",
    "sawhit": "chainsaw cutting",
    "sawidl": "chainsaw idling",
    "sawup": "chainsaw starting up",
    "sgcock": "shotgun pump cocking",
    "shotgn": "shotgun gunshot",
    "skeswg": "bone fist swinging whoosh",
    "skepch": "bone punch",
    "sklatk": "skull attack hiss",
    "slop": "wet gore splat",
    "stnmov": "stone door grinding",
    "swtchn": "switch being flipped",
    "swtchx": "switch clicking off",
    "telept": "teleport",
    "tink": "small metal tink",
    "wpnup": "weapon pickup",
}

DOOM_SUFFIXES = (
    ("pain", "monster grunting in pain"),
    ("act", "monster growling quietly"),
    ("dth", "monster death scream"),
    ("sit", "monster roar"),
    ("atk", "monster attack snarl"),
    ("pn", "creature in pain"),
    ("dt", "creature dying"),
    ("hi", "man screaming"),
    ("dth1", "monster dying"),
    ("1", "monster voice"),
    ("2", "monster voice"),
    ("3", "monster voice"),
)


class Concept(NamedTuple):
    """What people ask for: where a caption says it, other ways to say it, and where UCS files it.

    ``categories`` are CatIDs, whose synonyms are further words for it; ``families`` are synthesised
    sounds of it.
    """

    pattern: str
    phrases: tuple[str, ...]
    categories: tuple[str, ...]
    families: tuple[str, ...]


def _read_concepts(table: Path) -> tuple[Concept, ...]:
    rows = tomllib.loads(table.read_text(encoding="utf-8"))["concept"]
    return tuple(
        Concept(
            row["pattern"],
            tuple(row["phrases"]),
            tuple(row["categories"]),
            tuple(row.get("families", ())),
        )
        for row in rows
    )


CONCEPTS = _read_concepts(Path(__file__).with_name("texts") / "concepts.toml")
