"""Struck, broken, scraped and stepped-on things."""

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
    resonate,
    samples,
    wander,
)

Made = tuple[FloatArray, list[str]]

MATERIALS = {
    "metal": ((300, 1400), (1.0, 1.51, 2.32, 2.93, 4.1, 5.4, 7.2), 0.25),
    "wood": ((120, 600), (1.0, 1.9, 2.8, 4.4), 0.018),
    "glass": ((1200, 3200), (1.0, 1.72, 2.41, 3.13), 0.09),
    "stone": ((250, 1100), (1.0, 2.2, 3.7), 0.008),
    "plastic": ((300, 1200), (1.0, 1.7, 2.9), 0.012),
    "ceramic": ((700, 2200), (1.0, 1.63, 2.55, 3.4), 0.05),
}


def strike(material: str, rng: np.random.Generator, size_s: float = 0.8) -> FloatArray:
    """One hit on a body of a material."""
    (low, high), ratios, half_life = MATERIALS[material]
    base = rng.uniform(low, high)
    count = samples(size_s)
    spread = np.array(ratios) * rng.uniform(0.96, 1.05, len(ratios))
    lives = half_life * rng.uniform(0.5, 1.6, len(ratios)) / np.sqrt(spread)
    gains = rng.uniform(0.3, 1, len(ratios)) / spread**0.5
    x = modes(count, base * spread, lives, gains, rng)
    click = band(coloured_noise(rng, count, 0.2), 300, 7000) * decay(count, 0.004)
    return x + rng.uniform(0.2, 0.8) * click


def hit(rng: np.random.Generator) -> Made:
    """Single or repeated hits on a material."""
    material = pick(rng, list(MATERIALS))
    repeated = rng.random() < 0.4
    count = samples(rng.uniform(2, 4.5) if repeated else rng.uniform(0.5, 1.5))
    x = np.zeros(count)
    gap = rng.uniform(0.15, 0.7)
    for k in range(int(count / 16_000 / gap) + 1 if repeated else 1):
        add_at(x, strike(material, rng), samples(k * gap) - 16, float(rng.uniform(0.7, 1)))
    words = "repeated " if repeated else ""
    return echoes(x, rng, 0.8, rng.uniform(0, 0.3)), [
        f"{words}{material} hit",
        f"{material} impact",
        f"hitting {material}",
        f"{material} clank" if material == "metal" else f"{material} knock",
        f"tapping on {material}",
    ]


def knocks(rng: np.random.Generator) -> Made:
    """Knuckles on a door."""
    count = samples(rng.uniform(1.2, 3.5))
    x = np.zeros(count)
    base, gap, at = rng.uniform(110, 260), rng.uniform(0.13, 0.35), 0.02
    total = int(rng.integers(2, 6))
    while at < count / 16_000 - 0.2:
        for k in range(total):
            size = samples(0.2)
            ratios = np.array([1, 1.8, 2.9, 4.6]) * rng.uniform(0.98, 1.02)
            knock = modes(
                size, base * ratios, [0.025, 0.018, 0.012, 0.006], [1, 0.7, 0.5, 0.3], rng
            )
            knock += 0.3 * band(rng.standard_normal(size), 200, 2500) * decay(size, 0.005)
            add_at(x, knock, samples(at + k * gap), float(rng.uniform(0.7, 1)))
        at += total * gap + rng.uniform(0.5, 1.0)
    return echoes(x, rng, 0.5, 0.2), [
        "knocking on a door",
        "door knock",
        "knock knock",
        f"{total} knocks on wood",
        "someone knocks at the door",
    ]


_FLOORS = {
    "concrete": (0.010, 900, 5500, 0.5),
    "wood": (0.022, 120, 1400, 0.2),
    "gravel": (0.085, 900, 7500, 1.0),
    "snow": (0.12, 400, 4500, 1.0),
    "grass": (0.09, 700, 6000, 0.8),
    "metal": (0.03, 300, 6000, 0.3),
    "sand": (0.09, 500, 4500, 0.8),
    "leaves": (0.11, 1500, 7600, 1.0),
    "mud": (0.10, 150, 1500, 0.7),
    "tiles": (0.012, 1200, 6500, 0.4),
}


def _step(floor: str, rng: np.random.Generator) -> FloatArray:
    length_s, low, high, grain = _FLOORS[floor]
    count = samples(0.35)
    x = np.zeros(count)
    for offset, gain in ((0.0, 1.0), (rng.uniform(0.06, 0.13), rng.uniform(0.4, 0.8))):
        size = samples(length_s * rng.uniform(0.8, 1.4))
        noise = band(rng.standard_normal(size), low, high) * arc(size, 0.1, 0.8)
        if grain > 0.6:
            noise *= (rng.random(size) < 0.25) * rng.pareto(2, size).clip(0, 5)
        add_at(x, noise, samples(offset), gain)
        thump = band(coloured_noise(rng, samples(0.06), 1), 50, 220) * decay(samples(0.06), 0.012)
        add_at(x, thump, samples(offset), (1 - 0.6 * grain) * gain)
    if floor in ("metal", "wood"):
        x += 0.5 * strike(floor, rng, 0.35)[:count]
    return x


def footsteps(rng: np.random.Generator) -> Made:
    """Walking or running on a floor."""
    floor = pick(rng, list(_FLOORS))
    running = rng.random() < 0.3
    gap = rng.uniform(0.27, 0.36) if running else rng.uniform(0.45, 0.75)
    count = samples(rng.uniform(2.5, 5.12))
    x = np.zeros(count)
    for k in range(int(count / 16_000 / gap) + 1):
        at = samples(max(0.0, k * gap + rng.normal(0, 0.015)))
        add_at(x, _step(floor, rng), at, float(rng.uniform(0.7, 1) * (1.0 if k % 2 else 0.85)))
    verb = "running" if running else "walking"
    return echoes(x, rng, 0.6, rng.uniform(0, 0.25)), [
        f"footsteps on {floor}",
        f"{verb} on {floor}",
        "footsteps",
        f"person {verb}",
        f"{verb} steps on {floor}",
        "fast steps" if running else "slow steps",
    ]


def glass_break(rng: np.random.Generator) -> Made:
    """A crack and a shower of shards."""
    count = samples(rng.uniform(0.9, 2.2))
    x = band(coloured_noise(rng, count, 0.0), 1500, 7700) * decay(count, 0.03)
    for _ in range(int(rng.integers(25, 80))):
        at = min(float(rng.exponential(0.25)), count / 16_000)
        size = samples(0.25)
        base = rng.uniform(1800, 6500)
        shard = modes(size, [base, base * 1.4], rng.uniform(0.008, 0.05, 2), [1, 0.6], rng)
        add_at(x, shard, samples(at), float(rng.uniform(0.05, 0.5) * np.exp(-at)))
    return x, [
        "glass breaking",
        "glass shattering",
        "window smashed",
        "broken bottle",
        "shards falling on the floor",
    ]


def crash(rng: np.random.Generator) -> Made:
    """Many things hit one another."""
    count = samples(rng.uniform(1.0, 2.8))
    x = band(coloured_noise(rng, count, 0.6), 60, 5000) * decay(count, 0.1, 0.004)
    for _ in range(int(rng.integers(8, 30))):
        material = pick(rng, ["metal", "metal", "wood", "plastic", "glass"])
        add_at(
            x, strike(material, rng), samples(min(2.5, rng.exponential(0.3))), rng.uniform(0.2, 1)
        )
    return x, ["crash", "car crash", "metal crash", "pile of junk falling", "collision with debris"]


def punch(rng: np.random.Generator) -> Made:
    """A body hit."""
    count = samples(rng.uniform(0.25, 0.6))
    thump = oscillator(glide(rng.uniform(110, 200), 45, count, 0.5), count) * decay(
        count, 0.03, 0.002
    )
    slap = band(rng.standard_normal(count), 400, rng.uniform(2000, 5500)) * decay(count, 0.012)
    x = thump + rng.uniform(0.3, 1.2) * slap
    if rng.random() < 0.4:
        size = samples(0.15)
        air = band(rng.standard_normal(size), 500, 3000) * arc(size, 0.8, 0.2) * 0.3
        x = np.concatenate([air, x])
    return x, ["punch", "body hit", "punch in the face", "fight hit", "thud", "slap"]


def boom(rng: np.random.Generator) -> Made:
    """A trailer impact: deep drop, noise, long tail."""
    count = samples(rng.uniform(2.0, 4.5))
    deep = oscillator(glide(rng.uniform(70, 120), rng.uniform(25, 40), count, 0.3), count)
    x = deep * decay(count, rng.uniform(0.25, 0.6), 0.004)
    x += 0.6 * band(coloured_noise(rng, count, 0.6), 60, 3000) * decay(count, 0.08, 0.002)
    return echoes(x, rng, 2.5, 0.4), [
        "cinematic impact",
        "deep boom",
        "trailer hit",
        "huge impact",
        "low dramatic boom",
        "sub drop",
    ]


def door(rng: np.random.Generator) -> Made:
    """Latch, creak and slam."""
    closing = rng.random() < 0.5
    metal = rng.random() < 0.3
    count = samples(rng.uniform(0.9, 2.4))
    x = np.zeros(count)
    slam_at = count / 16_000 * (0.5 if closing else 0.75)
    for at in (0.02, rng.uniform(0.08, 0.16)):
        add_at(x, strike("metal" if metal else "plastic", rng, 0.1), samples(at), 0.4)
    if rng.random() < 0.5:
        size = samples(slam_at)
        add_at(x, 0.3 * _creaking(size, rng), 400)
    if closing:
        size = samples(0.4)
        slam = band(coloured_noise(rng, size, 1), 40, 900) * decay(size, 0.04) * 1.5
        add_at(x, slam, samples(slam_at))
        add_at(x, strike("metal" if metal else "wood", rng, 0.5), samples(slam_at), 0.8)
    verb = "closing" if closing else "opening"
    kind = "metal door" if metal else "wooden door"
    return echoes(x, rng, 0.8, 0.25), [
        f"door {verb}",
        f"{kind} {verb}",
        f"{verb} a door",
        "door slam" if closing else "door handle",
        "door",
    ]


def _creaking(count: int, rng: np.random.Generator) -> FloatArray:
    """Stick and slip: uneven pulses through wood's resonances."""
    rate = wander(rng, count, 3, 15, rng.uniform(60, 220))
    turns = np.floor(np.cumsum(rate) / 16_000)
    raw = (np.diff(turns, prepend=0.0) > 0) * rng.uniform(0.3, 1, count)
    x = np.zeros(count)
    for pitch in rng.uniform(300, 2600, 4):
        x += resonate(raw, float(pitch), 12)
    return np.asarray(x / (np.abs(x).max() + 1e-9))


def creak(rng: np.random.Generator) -> Made:
    """Hinges and boards."""
    count = samples(rng.uniform(1.0, 3.5))
    x = _creaking(count, rng) * arc(count, 0.2, 0.3)
    return echoes(x, rng, 0.7, 0.2), [
        "creaking door",
        "squeaky hinge",
        "wood creaking",
        "old floor board creaks",
        "slow creak",
    ]


def scrape(rng: np.random.Generator) -> Made:
    """Something dragged over a surface."""
    count = samples(rng.uniform(0.4, 2.5))
    material = pick(rng, ["metal", "stone", "wood", "chalk"])
    noise = rng.standard_normal(count) * (0.3 + wander(rng, count, 40) ** 2)
    x = band(noise, 500, 6500)
    for pitch in rng.uniform(600, 4500, 3):
        x += (1.5 if material == "metal" else 0.4) * resonate(noise, float(pitch), 25)
    return x * arc(count, 0.15, 0.25), [
        f"{material} scraping",
        f"scratching on {material}",
        "dragging something heavy",
        "scrape",
        f"{material} scrape",
    ]


FAMILIES = {
    "hit": hit,
    "knocks": knocks,
    "footsteps": footsteps,
    "glass break": glass_break,
    "crash": crash,
    "punch": punch,
    "boom": boom,
    "door": door,
    "creak": creak,
    "scrape": scrape,
}
