"""Drones, noise, game sounds and percussion."""

from __future__ import annotations

import numpy as np

from recipe.synthesis.signals import (
    FloatArray,
    add_at,
    arc,
    band,
    coloured_noise,
    decay,
    echoes,
    glide,
    modes,
    oscillator,
    pick,
    samples,
    time_axis,
    wander,
)

Made = tuple[FloatArray, list[str]]


def drone(rng: np.random.Generator) -> Made:
    """Slow detuned layers."""
    count = samples(5.12)
    base = rng.uniform(40, 160)
    x = np.zeros(count)
    for ratio in (1.0, 1.007, 1.5, 2.0, 3.01):
        voice = oscillator(base * ratio, count, pick(rng, ["saw", "sine", "triangle"]))
        x += voice * wander(rng, count, 0.5, 0.2, 1) / ratio
    x = band(x, 30, rng.uniform(300, 2500)) + 0.1 * band(coloured_noise(rng, count, 0.8), 80, 2000)
    mood = pick(rng, ["dark", "eerie", "calm", "tense"])
    return x, [f"{mood} drone", "ambient drone", f"{mood} atmosphere", "low hum", "deep pad"]


def hum(rng: np.random.Generator) -> Made:
    """Mains and fridges."""
    count = samples(5.0)
    base = pick(rng, ["50", "60"])
    x = sum(oscillator(float(base) * k, count) * rng.uniform(0, 1) / k for k in range(1, 12))
    x = np.asarray(x) + rng.uniform(0, 0.2) * coloured_noise(rng, count, 0.5)
    return x, [
        "electric hum",
        "mains hum",
        "transformer buzz",
        "refrigerator hum",
        "fluorescent light",
    ]


def noise(rng: np.random.Generator) -> Made:
    """Static of several colours."""
    count = samples(rng.uniform(2.5, 5.12))
    kind = pick(rng, ["white", "pink", "brown"])
    x = coloured_noise(rng, count, {"white": 0.0, "pink": 0.5, "brown": 1.0}[kind])
    if rng.random() < 0.3:
        x = x * (rng.random(count) < 0.05 + 0.5 * wander(rng, count, 8))
        return band(x, 300, 6000), [
            "radio static",
            "static crackle",
            "television noise",
            "interference",
        ]
    return x, [f"{kind} noise", "noise", "static", f"steady {kind} noise"]


def electricity(rng: np.random.Generator) -> Made:
    """Sparks and arcs."""
    count = samples(rng.uniform(0.8, 4.0))
    raw = rng.standard_normal(count) * (wander(rng, count, 25) > 0.7)
    buzzing = np.sign(np.sin(2 * np.pi * rng.uniform(80, 120) * time_axis(count)))
    x = band(raw * (0.6 + 0.4 * buzzing), 700, 7600)
    return x, [
        "electric sparks",
        "electricity arcing",
        "electric shock",
        "zapping sparks",
        "short circuit",
    ]


def pickup(rng: np.random.Generator) -> Made:
    """Coins, power-ups, jumps and errors of games."""
    kind = pick(rng, ["coin", "power up", "jump", "error", "success"])
    base, shape = rng.uniform(400, 1100), pick(rng, ["square", "triangle", "sine"])
    steps = {
        "coin": [0, 5],
        "power up": [0, 4, 7, 12, 16],
        "jump": [0],
        "error": [0, -6],
        "success": [0, 4, 7, 12],
    }[kind]
    length_s = {"coin": 0.12, "jump": 0.3, "error": 0.2}.get(kind, 0.09)
    x = np.zeros(samples(length_s * len(steps) + 0.35))
    for k, step in enumerate(steps):
        size = samples(length_s if k < len(steps) - 1 else length_s + 0.3)
        pitch = base * 2 ** (step / 12) * (0.4 if kind == "error" else 1.0)
        curve = (
            glide(pitch * 0.6, pitch * 1.6, size) if kind == "jump" else glide(pitch, pitch, size)
        )
        add_at(
            x, oscillator(curve, size, shape) * decay(size, 0.12, 0.003), samples(k * length_s) - 16
        )
    return x, [
        f"game {kind}",
        f"{kind} sound",
        f"retro game {kind}",
        f"8-bit {kind}",
        "interface notification" if kind in ("success", "error") else "arcade game sound",
    ]


def teleport(rng: np.random.Generator) -> Made:
    """Shimmering sweeps."""
    count = samples(rng.uniform(0.8, 2.5))
    x = np.zeros(count)
    for _ in range(8):
        start = rng.uniform(300, 2500)
        curve = glide(start, start * rng.uniform(0.3, 4), count)
        curve = np.clip(
            curve * (1 + 0.2 * np.sin(2 * np.pi * rng.uniform(4, 25) * time_axis(count))), 30, 7500
        )
        x += oscillator(curve, count) * wander(rng, count, 6)
    return echoes(x * arc(count, 0.3, 0.4), rng, 1.5, 0.4), [
        "teleport",
        "magic spell",
        "sci-fi shimmer",
        "energy field",
        "spell casting",
    ]


def spaceship(rng: np.random.Generator) -> Made:
    """Hum of engines and fields."""
    count = samples(rng.uniform(3.0, 5.12))
    base = rng.uniform(40, 110)
    wobble = 1 + 0.3 * np.sin(2 * np.pi * rng.uniform(1, 12) * time_axis(count))
    x = oscillator(base, count, "saw") * wobble + 0.8 * band(
        coloured_noise(rng, count, 0.6), 60, 1800
    )
    return x * arc(count, 0.2, 0.3), [
        "spaceship engine",
        "science fiction engine hum",
        "starship flying",
        "force field hum",
        "sci-fi machine",
    ]


def kick(rng: np.random.Generator) -> Made:
    """Bass drums."""
    count = samples(rng.uniform(0.25, 0.6))
    x = oscillator(glide(rng.uniform(120, 300), rng.uniform(38, 60), count, 0.25), count)
    x = x * decay(count, rng.uniform(0.05, 0.15)) + 0.2 * rng.standard_normal(count) * decay(
        count, 0.003
    )
    return x, ["kick drum", "bass drum", "808 kick", "low drum hit"]


def snare(rng: np.random.Generator) -> Made:
    """Snares and claps."""
    count = samples(rng.uniform(0.2, 0.45))
    body = oscillator(glide(rng.uniform(200, 330), 160, count), count) * decay(count, 0.03)
    rattle = band(rng.standard_normal(count), rng.uniform(800, 2000), 7600) * decay(
        count, rng.uniform(0.03, 0.08)
    )
    return body + rattle, ["snare drum", "snare hit", "drum machine snare", "hand clap drum"]


def cymbal(rng: np.random.Generator) -> Made:
    """Hats and crashes."""
    closed = rng.random() < 0.5
    count = samples(0.2 if closed else rng.uniform(1.0, 3.0))
    base = rng.uniform(2500, 4200)
    x = 0.15 * modes(
        count, base * rng.uniform(0.5, 2.3, 14), rng.uniform(0.3, 1, 14), [1.0] * 14, rng
    )
    x += band(rng.standard_normal(count), 2800, 7700)
    x *= decay(count, 0.02 if closed else rng.uniform(0.2, 0.6))
    return x, ["hi-hat", "closed hi hat"] if closed else ["crash cymbal", "cymbal", "ride cymbal"]


def plucked(rng: np.random.Generator) -> Made:
    """Strings and keys."""
    count = samples(rng.uniform(1.0, 3.0))
    x = np.zeros(count)
    root = rng.uniform(80, 330)
    chord = rng.random() < 0.5
    for k, step in enumerate((0, 4, 7, 12) if chord else (0,)):
        ratios = np.arange(1, 12)
        tone = modes(count, root * 2 ** (step / 12) * ratios, 0.6 / ratios**0.7, 1 / ratios, rng)
        add_at(x, tone, samples(0.03 * k) - 16)
    return x, [
        "guitar chord" if chord else "plucked string",
        "string pluck",
        "guitar",
        "harp note",
        "acoustic guitar strum" if chord else "single string note",
    ]


FAMILIES = {
    "drone": drone,
    "hum": hum,
    "noise": noise,
    "electricity": electricity,
    "pickup": pickup,
    "teleport": teleport,
    "spaceship": spaceship,
    "kick": kick,
    "snare": snare,
    "cymbal": cymbal,
    "plucked": plucked,
}
