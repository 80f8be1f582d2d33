"""Weather, water and fire."""

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
_LONG_S = (3.5, 5.12)


def _length(rng: np.random.Generator, low: float = 3.5, high: float = 5.12) -> int:
    return samples(rng.uniform(low, high))


def drops(
    rng: np.random.Generator, count: int, per_second: float, low_hz: float, high_hz: float
) -> FloatArray:
    """Many short decaying bursts of random pitch and level."""
    x = np.zeros(count)
    total = int(per_second * count / 16_000)
    for _ in range(max(1, total)):
        size = samples(rng.uniform(0.004, 0.02))
        burst = modes(size, [rng.uniform(low_hz, high_hz)], [rng.uniform(0.001, 0.004)], [1], rng)
        add_at(x, burst, int(rng.integers(0, count)), float(rng.pareto(2.5) + 0.1))
    return x


def rain(rng: np.random.Generator) -> Made:
    """A hiss of far drops and a patter of near ones."""
    count = _length(rng)
    heavy = rng.random() < 0.5
    hiss = band(coloured_noise(rng, count, 0.25), rng.uniform(300, 900), rng.uniform(5000, 7600))
    patter = drops(rng, count, rng.uniform(150, 500) if heavy else rng.uniform(40, 120), 800, 6000)
    level = wander(rng, count, 0.7, 0.75, 1.0)
    x = hiss * (0.8 if heavy else 0.25) * level + patter * (0.5 if heavy else 0.7)
    if heavy:
        x += 0.4 * band(coloured_noise(rng, count, 1.0), 80, 500)
    surface = pick(rng, ["on a roof", "on leaves", "on the street", "against a window", ""])
    kind = "heavy" if heavy else "light"
    return x, [
        f"{kind} rain {surface}".strip(),
        f"{kind} rain falling",
        "rain",
        "rainfall",
        "pouring rain" if heavy else "drizzle",
        "steady rain " + surface,
    ]


def wind(rng: np.random.Generator) -> Made:
    """Noise through wandering resonances, with gusts."""
    count = _length(rng)
    strong = rng.random() < 0.5
    noise = coloured_noise(rng, count, 0.7)
    x = np.zeros(count)
    for low, high in ((120, 400), (300, 900), (700, 1800)):
        part = band(noise, low, high) * wander(rng, count, rng.uniform(0.4, 1.5)) ** 2
        x += part * rng.uniform(0.3, 1.0)
    captions = ["wind blowing", "wind", "strong wind gusts" if strong else "gentle breeze"]
    if rng.random() < 0.5:
        pitch = wander(rng, count, 0.8, rng.uniform(280, 400), rng.uniform(500, 900))
        howl = band(oscillator(pitch, count) * coloured_noise(rng, count, 0.8), 200, 1200)
        x += (0.5 + strong) * howl * wander(rng, count, 0.7) ** 2
        captions += ["howling wind", "wind howling through a crack"]
    return x * wander(rng, count, 0.5, 0.3, 1.0), captions


def thunder(rng: np.random.Generator) -> Made:
    """A crack and a long rolling rumble."""
    count = _length(rng)
    near = rng.random() < 0.5
    roll = band(coloured_noise(rng, count, 1.0), 25, rng.uniform(150, 500))
    roll *= wander(rng, count, 5, 0.2, 1.0) ** 2 * arc(count, 0.08 if near else 0.3, 0.75)
    x = roll / (roll.std() + 1e-9)
    captions = ["thunder", "rumbling thunder", "thunder rolling in the distance"]
    if near:
        for _ in range(int(rng.integers(3, 9))):
            crack = coloured_noise(rng, samples(0.35), 0.4) * decay(samples(0.35), 0.05, 0.003)
            add_at(x, crack, int(rng.uniform(0, 0.4) * 16_000), float(rng.uniform(0.8, 3.0)))
        captions = ["thunder", "loud thunder crack", "lightning strike with thunder", "thunderclap"]
    return echoes(x, rng, 2.0, 0.3), captions


def surf(rng: np.random.Generator) -> Made:
    """Waves that swell, break and draw back."""
    count = samples(5.12)
    x = 0.1 * band(coloured_noise(rng, count, 0.5), 100, 3000)
    at = -int(rng.uniform(0, 1.5) * 16_000)
    while at < count:
        size = samples(rng.uniform(2.5, 4.5))
        wave = coloured_noise(rng, size, rng.uniform(0.3, 0.6)) * arc(size, 0.35, 0.6) ** 1.5
        start = max(0, -at)
        add_at(x, wave[start:], max(0, at), float(rng.uniform(0.6, 1.0)))
        at += int(size * rng.uniform(0.6, 0.9))
    return x, [
        "ocean waves",
        "surf",
        "waves breaking on a beach",
        "sea shore",
        "sea waves",
        "waves rolling onto the sand",
    ]


def stream(rng: np.random.Generator) -> Made:
    """Running water: noise and many rising bubbles."""
    count = _length(rng)
    big = rng.random() < 0.4
    x = band(coloured_noise(rng, count, 0.4), 300, 4500) * (0.5 if big else 0.12)
    for _ in range(int(rng.uniform(30, 90) * count / 16_000)):
        size = samples(rng.uniform(0.02, 0.08))
        pitch = rng.uniform(300, 1600)
        tone = oscillator(glide(pitch, pitch * rng.uniform(1.05, 1.5), size), size)
        add_at(
            x,
            tone * decay(size, 0.012, 0.003),
            int(rng.integers(0, count)),
            float(rng.uniform(0.1, 0.8)),
        )
    name = "river" if big else "small stream"
    return x, [name, "running water", "flowing water", f"{name} flowing over stones", "brook"]


def bubbles(rng: np.random.Generator) -> Made:
    """Separate rising blips."""
    count = _length(rng, 1.5, 4.5)
    x = np.zeros(count)
    low = rng.uniform(150, 500)
    for _ in range(int(rng.uniform(6, 25) * count / 16_000)):
        size = samples(rng.uniform(0.04, 0.14))
        pitch = low * rng.uniform(1, 3)
        blip = oscillator(glide(pitch, pitch * rng.uniform(1.3, 2.5), size), size)
        add_at(x, blip * arc(size, 0.2, 0.6), int(rng.integers(0, count)), rng.uniform(0.3, 1))
    return x, ["bubbles", "bubbling water", "underwater bubbles", "boiling liquid", "gurgling"]


def water_drop(rng: np.random.Generator) -> Made:
    """Single drops into water, with room."""
    count = _length(rng, 1.0, 5.0)
    x = np.zeros(count)
    at, gap = 0, rng.uniform(0.3, 1.2)
    while at < count:
        size = samples(0.09)
        pitch = rng.uniform(600, 1800)
        drop = oscillator(glide(pitch, pitch * 1.8, size, 2.0), size) * decay(size, 0.014, 0.002)
        add_at(x, drop, at, float(rng.uniform(0.6, 1)))
        at += samples(gap * rng.uniform(0.7, 1.3))
    return echoes(x, rng, 1.5, rng.uniform(0, 0.5)), [
        "water dripping",
        "dripping tap",
        "water drops in a cave",
        "drip drop",
        "water droplet",
    ]


def splash(rng: np.random.Generator) -> Made:
    """A body of water hit: thud, hiss and late drops."""
    count = _length(rng, 0.8, 2.2)
    big = rng.random() < 0.5
    hiss = coloured_noise(rng, count, 0.35) * decay(count, 0.22 if big else 0.1, 0.03)
    x = band(hiss, 250, 6500)
    thud = band(coloured_noise(rng, count, 1.0), 50, 350) * decay(count, 0.06, 0.005)
    x += thud * (1.2 if big else 0.3)
    x += 0.25 * drops(rng, count, 60, 500, 3000) * decay(count, 0.5, 0.2)
    return x, [
        ("big" if big else "small") + " water splash",
        "splash",
        "something falls into water",
        "diving into a pool" if big else "stone thrown into a pond",
    ]


def fire(rng: np.random.Generator) -> Made:
    """Low flames and sharp crackles."""
    count = _length(rng)
    big = rng.random() < 0.4
    flames = band(coloured_noise(rng, count, 0.8), 60, 900) * wander(rng, count, 6, 0.4, 1.0)
    x = flames * (0.6 if big else 0.15) + 0.05 * band(coloured_noise(rng, count, 0.2), 1500, 7000)
    for _ in range(int(rng.uniform(8, 40) * count / 16_000)):
        size = samples(rng.uniform(0.003, 0.03))
        snap = band(rng.standard_normal(size), rng.uniform(500, 2500), 7500)
        add_at(
            x,
            snap * decay(size, rng.uniform(0.001, 0.006), 0.0004),
            int(rng.integers(0, count)),
            float(min(6, 0.3 + rng.pareto(1.8))),
        )
    name = "bonfire" if big else "campfire"
    return x, [
        "fire crackling",
        f"{name} burning",
        "burning wood",
        "fireplace",
        "crackling flames",
        "large fire roaring" if big else "small fire",
    ]


def mud(rng: np.random.Generator) -> Made:
    """Thick slow plops."""
    count = _length(rng, 2.5, 5.0)
    x = 0.1 * band(coloured_noise(rng, count, 1.0), 40, 300)
    for _ in range(int(rng.uniform(2, 6) * count / 16_000) + 1):
        size = samples(rng.uniform(0.1, 0.3))
        pitch = rng.uniform(60, 200)
        plop = oscillator(glide(pitch, pitch * rng.uniform(1.4, 2.6), size, 2), size)
        plop += 0.3 * band(coloured_noise(rng, size, 0.5), 200, 1500)
        add_at(x, plop * arc(size, 0.3, 0.3), int(rng.integers(0, count)), rng.uniform(0.4, 1))
    return x, ["bubbling lava", "boiling mud", "thick liquid bubbling", "swamp bubbles", "lava"]


def leaves(rng: np.random.Generator) -> Made:
    """Rustling."""
    count = _length(rng, 1.5, 5.0)
    x = np.zeros(count)
    for _ in range(int(rng.uniform(60, 200) * count / 16_000)):
        size = samples(rng.uniform(0.005, 0.04))
        rustle = band(rng.standard_normal(size), 2000, 7600) * arc(size, 0.3, 0.6)
        add_at(x, rustle, int(rng.integers(0, count)), float(rng.uniform(0.1, 1)))
    x *= wander(rng, count, 2, 0.1, 1.0)
    t = time_axis(count)
    return x * (0.7 + 0.3 * np.sin(2 * np.pi * 0.4 * t)), [
        "leaves rustling",
        "rustling foliage",
        "bushes moving",
        "walking through dry leaves",
    ]


FAMILIES = {
    "rain": rain,
    "wind": wind,
    "thunder": thunder,
    "surf": surf,
    "stream": stream,
    "bubbles": bubbles,
    "water drop": water_drop,
    "splash": splash,
    "fire": fire,
    "mud": mud,
    "leaves": leaves,
}
