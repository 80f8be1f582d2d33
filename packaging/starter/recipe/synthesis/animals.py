"""Birds, insects and voices of animals and monsters."""

from __future__ import annotations

import numpy as np

from recipe.synthesis.signals import (
    FloatArray,
    add_at,
    arc,
    band,
    coloured_noise,
    echoes,
    glide,
    oscillator,
    pick,
    resonate,
    samples,
    time_axis,
    wander,
)

Made = tuple[FloatArray, list[str]]


def birds(rng: np.random.Generator) -> Made:
    """Phrases of chirps, trills and whistles."""
    count = samples(rng.uniform(2.0, 5.12))
    x = np.zeros(count)
    base, at = rng.uniform(1800, 4500), rng.uniform(0, 0.2)
    while at < count / 16_000:
        syllable = pick(rng, ["up", "down", "arch", "trill"])
        length_s, repeats = rng.uniform(0.04, 0.16), int(rng.integers(1, 7))
        pitch = base * rng.uniform(0.8, 1.35)
        for k in range(repeats):
            size = samples(length_s)
            curve = {
                "up": glide(pitch, pitch * 1.4, size),
                "down": glide(pitch * 1.4, pitch, size),
                "arch": pitch * (1 + 0.35 * arc(size, 0.5, 0.5)),
                "trill": pitch * (1 + 0.12 * np.sin(2 * np.pi * 45 * time_axis(size))),
            }[syllable]
            add_at(
                x,
                oscillator(np.minimum(curve, 7600), size) * arc(size, 0.25, 0.4),
                samples(at + k * length_s * 1.35),
                float(rng.uniform(0.5, 1)),
            )
        at += repeats * length_s * 1.35 + rng.uniform(0.1, 0.7)
    x += 0.01 * band(rng.standard_normal(count), 800, 6000)
    return echoes(x, rng, 1.0, rng.uniform(0, 0.3)), [
        "bird singing",
        "birds chirping",
        "birdsong in the morning",
        "songbird",
        "tweeting bird",
    ]


def insects(rng: np.random.Generator) -> Made:
    """Crickets, cicadas and summer nights."""
    count = samples(rng.uniform(3.0, 5.12))
    t = time_axis(count)
    cicada = rng.random() < 0.4
    x = np.zeros(count)
    for _ in range(int(rng.integers(1, 5))):
        pitch = rng.uniform(3200, 6000)
        fast = rng.uniform(35, 110) if cicada else rng.uniform(25, 45)
        pulse = np.clip(np.sin(2 * np.pi * fast * t + rng.uniform(0, 6)), 0, 1) ** 2
        chirps = (
            1.0 if cicada else (np.sin(2 * np.pi * rng.uniform(1, 3.5) * t + rng.uniform(0, 6)) > 0)
        )
        tone = oscillator(pitch * wander(rng, count, 2, 0.99, 1.01), count)
        if cicada:
            tone = tone + 1.5 * resonate(rng.standard_normal(count), pitch, 8)
        x += tone * pulse * chirps * rng.uniform(0.2, 1)
    if cicada:
        return x * wander(rng, count, 0.4, 0.4, 1), [
            "cicadas",
            "cicadas buzzing in summer",
            "insects in a hot meadow",
            "cicada",
        ]
    return x, ["crickets at night", "cricket chirping", "insects chirping", "summer night ambience"]


def buzz(rng: np.random.Generator) -> Made:
    """Wings: bees, flies and mosquitoes."""
    count = samples(rng.uniform(2.0, 5.0))
    kind = pick(rng, ["bee", "fly", "mosquito"])
    base = {"bee": 190, "fly": 160, "mosquito": 520}[kind] * rng.uniform(0.85, 1.2)
    x = np.zeros(count)
    for _ in range(1 if rng.random() < 0.6 else 6):
        curve = base * wander(rng, count, 3, 0.9, 1.12)
        x += oscillator(curve, count, "saw") * wander(rng, count, 1.2, 0.1, 1) ** 2
    return band(x, 120, 4500), [
        f"{kind} buzzing",
        f"{kind} flying",
        "insect wings buzzing",
        f"{kind} near the ear",
        "buzzing insect",
    ]


def _voice(
    pitch: FloatArray, formants: list[float], rng: np.random.Generator, rough: float
) -> FloatArray:
    """A buzzing source through formants; ``rough`` in 0..1 adds noise and uneven pulses."""
    count = len(pitch)
    shaken = pitch * (1 + 0.12 * rough * wander(rng, count, 70, -1, 1))
    source = band(oscillator(shaken, count, "saw"), 60, 6000)
    source = source * (1 - 0.6 * rough * wander(rng, count, 45)) + rough * coloured_noise(
        rng, count, 0.4
    )
    x: FloatArray = 0.1 * source
    for formant in formants:
        x = x + resonate(source, formant, 4.0)
    return x


_VOICES: dict[str, tuple[float, float, float, tuple[float, ...], float, tuple[str, ...]]] = {
    # low and high pitch, seconds, formants, roughness, captions
    "dog": (420, 650, 0.18, (600, 1300, 2600), 0.5, ("dog barking", "dog bark", "barking dog")),
    "cat": (480, 800, 0.8, (900, 1700, 3200), 0.08, ("cat meowing", "meow", "cat")),
    "cow": (110, 190, 1.7, (350, 800, 2200), 0.25, ("cow mooing", "cow", "cattle moo")),
    "sheep": (260, 380, 0.9, (800, 1600, 2700), 0.4, ("sheep bleating", "sheep", "baa of a lamb")),
    "lion": (75, 150, 1.8, (350, 750, 1700), 0.9, ("lion roar", "big cat roaring", "tiger roar")),
    "monster": (
        45,
        110,
        1.5,
        (250, 650, 1500),
        1.0,
        ("monster growl", "creature roar", "demon growling"),
    ),
    "frog": (140, 260, 0.25, (500, 1300, 2500), 0.7, ("frog croaking", "frog", "toads at a pond")),
    "duck": (330, 450, 0.17, (900, 1500, 2700), 0.5, ("duck quacking", "duck", "quack quack")),
    "wolf": (330, 640, 2.8, (600, 1100, 2500), 0.05, ("wolf howling", "howl", "coyote howling")),
    "crow": (480, 620, 0.3, (1100, 1800, 3000), 0.8, ("crow cawing", "raven", "crow")),
    "rooster": (
        520,
        900,
        1.5,
        (1000, 1900, 3100),
        0.25,
        ("rooster crowing", "cockerel", "rooster"),
    ),
    "owl": (330, 420, 0.5, (400, 800, 1600), 0.05, ("owl hooting", "owl", "hoot at night")),
}


def animal(rng: np.random.Generator) -> Made:
    """One of several voices, once or repeated."""
    name = pick(rng, list(_VOICES))
    low, high, length_s, formants, rough, captions = _VOICES[name]
    count = samples(rng.uniform(1.0, 4.5))
    x = np.zeros(count)
    scale, at = rng.uniform(0.8, 1.25), 0.0
    while at < count / 16_000:
        size = samples(length_s * rng.uniform(0.8, 1.25))
        contour = arc(size, rng.uniform(0.2, 0.5), rng.uniform(0.3, 0.6))
        pitch = scale * (low + (high - low) * contour * rng.uniform(0.8, 1.1))
        if name == "sheep":
            pitch = pitch * (1 + 0.06 * np.sin(2 * np.pi * 9 * time_axis(size)))
        call = _voice(pitch, [f * scale**0.5 for f in formants], rng, rough)
        add_at(x, call * arc(size, 0.12, 0.35), samples(at) - 16, float(rng.uniform(0.7, 1)))
        at += length_s + rng.uniform(0.15, 0.9)
    return echoes(x, rng, 1.0, rng.uniform(0, 0.25)), list(captions)


def laugh(rng: np.random.Generator) -> Made:
    """Ha ha, and cries."""
    count = samples(rng.uniform(1.2, 3.0))
    x = np.zeros(count)
    base = pick(rng, ["man", "woman"])
    pitch_hz = rng.uniform(120, 200) if base == "man" else rng.uniform(230, 380)
    at = 0.0
    while at < count / 16_000 - 0.1:
        size = samples(0.14)
        ha = _voice(pitch_hz * glide(1.2, 0.9, size), [750, 1250, 2700], rng, 0.35)
        add_at(x, ha * arc(size, 0.15, 0.5), samples(at) - 16, float(1 - 0.2 * at))
        at += rng.uniform(0.17, 0.23)
        pitch_hz *= 0.985
    return x, [f"{base} laughing", "laughter", "laugh", "person laughing"]


def gallop(rng: np.random.Generator) -> Made:
    """Hooves in groups of three."""
    count = samples(rng.uniform(2.5, 5.0))
    x = np.zeros(count)
    bar = rng.uniform(0.4, 0.55)
    hard = rng.random() < 0.5
    for k in range(int(count / 16_000 / bar) + 1):
        for offset, gain in ((0, 0.7), (0.12, 0.8), (0.22, 1.0)):
            size = samples(0.12)
            hoof = resonate(
                rng.standard_normal(size) * arc(size, 0.02, 0.9) ** 6,
                rng.uniform(600, 900) if hard else rng.uniform(120, 250),
                3,
            )
            add_at(x, hoof, samples(k * bar + offset), gain)
    return x, [
        "horse galloping",
        "galloping hooves",
        "horse hooves",
        "horse on cobblestones" if hard else "horse running on soft ground",
    ]


FAMILIES = {
    "birds": birds,
    "insects": insects,
    "buzz": buzz,
    "animal": animal,
    "animal two": animal,
    "laugh": laugh,
    "gallop": gallop,
}
