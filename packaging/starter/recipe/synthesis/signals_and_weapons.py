"""Sirens, alarms, bells, beeps, clicks, whooshes, lasers, guns and explosions."""

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


def siren(rng: np.random.Generator) -> Made:
    """Wailing, yelping and two-tone sirens."""
    count = samples(rng.uniform(3.5, 5.12))
    kind = pick(rng, ["wail", "yelp", "two tone"])
    low, high = rng.uniform(400, 650), rng.uniform(900, 1500)
    rate = {"wail": 0.3, "yelp": 3.0, "two tone": 0.9}[kind] * rng.uniform(0.8, 1.3)
    sweep = np.sin(2 * np.pi * rate * time_axis(count))
    if kind == "two tone":
        low, high, sweep = 435.0, rng.uniform(560, 600), np.sign(sweep)
    pitch = low * (high / low) ** (0.5 + 0.5 * sweep)
    x = band(oscillator(pitch, count, pick(rng, ["square", "saw", "triangle"])), 300, 5000)
    vehicle = pick(rng, ["police", "ambulance", "fire truck"])
    return echoes(x, rng, 1.0, rng.uniform(0, 0.4)), [
        f"{vehicle} siren",
        "siren wailing",
        "emergency siren",
        f"{kind} siren",
        "siren",
    ]


def alarm(rng: np.random.Generator) -> Made:
    """Repeated beeps, buzzers and clock bells."""
    count = samples(rng.uniform(2.5, 5.12))
    x = np.zeros(count)
    kind = pick(rng, ["beeping", "buzzer", "klaxon", "digital clock"])
    on = rng.uniform(0.08, 0.5)
    gap = on * rng.uniform(1.3, 2.2)
    pitch = rng.uniform(300, 600) if kind in ("buzzer", "klaxon") else rng.uniform(900, 3200)
    beeps = 4 if kind == "digital clock" else 1
    if kind == "digital clock":
        on, gap = 0.06, 0.12
    at, k = 0.0, 0
    while at < count / 16_000:
        size = samples(on)
        curve = glide(pitch, pitch * (1.6 if kind == "klaxon" else 1.0), size)
        tone = oscillator(curve, size, "square" if kind != "digital clock" else "sine")
        add_at(x, tone * arc(size, 0.05, 0.05), samples(at))
        k += 1
        at += gap if k % beeps else gap + (0.5 if beeps > 1 else 0.0)
    return x, [
        f"{kind} alarm",
        "alarm",
        "warning alarm",
        "alarm sounding",
        "alert signal",
        "alarm clock" if kind == "digital clock" else "security alarm",
    ]


def bell(rng: np.random.Generator) -> Made:
    """Church bells, hand bells, doorbells and gongs."""
    kind = pick(
        rng, ["church bell", "hand bell", "bicycle bell", "gong", "school bell", "doorbell"]
    )
    base = {
        "church bell": 260,
        "hand bell": 1100,
        "bicycle bell": 2100,
        "gong": 95,
        "school bell": 900,
        "doorbell": 640,
    }[kind] * rng.uniform(0.8, 1.3)
    ratios = np.array([0.5, 1.0, 1.19, 1.5, 2.0, 2.66, 3.0, 4.2])
    if kind == "gong":
        ratios = np.array([1.0, 1.4, 1.83, 2.3, 2.9, 3.6, 4.5, 5.7])
    life = {"church bell": 0.9, "hand bell": 0.5, "gong": 1.2, "doorbell": 0.4}.get(kind, 0.18)
    count = samples(rng.uniform(3.5, 5.12))
    x = np.zeros(count)
    gap = {"church bell": 1.6, "school bell": 0.06, "bicycle bell": 0.13, "gong": 6.0}.get(
        kind, 0.7
    )
    strikes = int(count / 16_000 / gap) + 1 if rng.random() < 0.6 else 2
    for k in range(strikes):
        pitch = base * (0.79 if kind == "doorbell" and k % 2 else 1.0)
        ring = modes(
            samples(4.0),
            pitch * ratios,
            life / np.sqrt(ratios),
            rng.uniform(0.3, 1, 8) / ratios**0.4,
            rng,
        )
        add_at(x, ring, samples(k * gap) - 16)
    return x, [kind, f"{kind} ringing", "bell", f"ringing {kind}", "ding", f"a {kind} rings"]


def chime(rng: np.random.Generator) -> Made:
    """Small bright bars and sparkles."""
    count = samples(rng.uniform(1.5, 4.5))
    x = np.zeros(count)
    scale = np.array([0, 2, 4, 7, 9, 12, 14, 16]) + rng.uniform(0, 12)
    magic = rng.random() < 0.4
    notes = int(rng.integers(6, 24))
    for k in range(notes):
        step = scale[k % 8] if magic else scale[int(rng.integers(8))]
        pitch = 900 * 2 ** (step / 12)
        bar = modes(
            samples(1.5), pitch * np.array([1, 2.76, 5.4]), [0.3, 0.12, 0.05], [1, 0.4, 0.2], rng
        )
        at = k * 0.06 if magic else rng.uniform(0, count / 16_000 * 0.9)
        add_at(x, bar, samples(at), float(rng.uniform(0.2, 0.8)))
    if magic:
        return echoes(x, rng, 1.5, 0.4), ["magic sparkle", "fairy dust", "magical chime", "shimmer"]
    return x, ["wind chimes", "chimes tinkling", "tinkling bells", "glass chimes in the wind"]


def beep(rng: np.random.Generator) -> Made:
    """Short electronic tones."""
    total = int(rng.integers(1, 5))
    on, gap = rng.uniform(0.05, 0.3), rng.uniform(0.03, 0.2)
    count = samples(total * (on + gap) + 0.05)
    x = np.zeros(count)
    pitch = rng.uniform(400, 3000)
    shape = pick(rng, ["sine", "square", "triangle"])
    for k in range(total):
        size = samples(on)
        step = pitch * (2 ** (rng.integers(-5, 6) / 12) if rng.random() < 0.4 else 1.0)
        add_at(
            x, oscillator(step, size, shape) * arc(size, 0.04, 0.1), samples(k * (on + gap)) - 16
        )
    height = "high" if pitch > 1400 else "low"
    return x, [
        "beep",
        f"{height} pitched beep",
        "electronic beep",
        "computer beep",
        f"{total} beeps" if total > 1 else "single beep",
        "short tone",
    ]


def click(rng: np.random.Generator) -> Made:
    """Buttons, switches and keys."""
    kind = pick(rng, ["mouse", "button", "light switch", "pen", "keyboard key"])
    count = samples(rng.uniform(0.08, 0.25))
    x = np.zeros(count)
    for at in (0.0, rng.uniform(0.02, 0.09)):
        size = samples(0.05)
        base = rng.uniform(900, 4500)
        tick = modes(
            size, base * np.array([1, 1.6, 2.3]), rng.uniform(0.001, 0.004, 3), [1, 0.6, 0.4], rng
        )
        tick += 0.5 * band(rng.standard_normal(size), 1500, 7500) * decay(size, 0.0015, 0.0003)
        add_at(x, tick, samples(at) - 16, float(rng.uniform(0.4, 1)))
    return x, [
        f"{kind} click",
        "click",
        f"{kind} pressed",
        "interface click",
        "small mechanical click",
    ]


def typing(rng: np.random.Generator) -> Made:
    """A keyboard, or a clock."""
    count = samples(rng.uniform(2.5, 5.0))
    x = np.zeros(count)
    clock = rng.random() < 0.4
    at, k = 0.02, 0
    one, two = click(rng)[0], click(rng)[0]
    while at < count / 16_000:
        tick = (one if k % 2 else two) if clock else click(rng)[0]
        add_at(x, tick, samples(at), float(1 if clock else rng.uniform(0.4, 1)))
        at += 0.5 if clock else rng.exponential(0.13) + 0.04
        k += 1
    if clock:
        return x, ["clock ticking", "tick tock", "wall clock", "watch ticking"]
    return x, ["typing on a keyboard", "computer keyboard", "typing fast", "keyboard keys"]


def whoosh(rng: np.random.Generator) -> Made:
    """Something fast in the air."""
    fast = rng.random() < 0.5
    count = samples(rng.uniform(0.25, 0.6) if fast else rng.uniform(0.7, 2.0))
    noise = coloured_noise(rng, count, 0.3)
    peak = arc(count, rng.uniform(0.4, 0.7), rng.uniform(0.3, 0.6))
    x = band(noise, 150, 1200) * peak + band(noise, 1200, 6500) * peak**3 * rng.uniform(0.5, 1.5)
    return x * peak, [
        ("fast" if fast else "slow") + " whoosh",
        "whoosh",
        "swish",
        "air swoosh",
        "sword swing" if fast else "large object flying by",
        "swoosh",
    ]


def riser(rng: np.random.Generator) -> Made:
    """Tension that grows, or falls."""
    count = samples(rng.uniform(2.5, 5.0))
    up = rng.random() < 0.75
    low, high = rng.uniform(80, 200), rng.uniform(900, 3000)
    pitch = glide(low, high, count, 1.3) if up else glide(high, low, count)
    x = 0.5 * oscillator(pitch, count, pick(rng, ["saw", "sine", "triangle"]))
    x += oscillator(pitch * 1.01, count, "saw") * 0.3 + 0.6 * band(
        rng.standard_normal(count), 1500, 7000
    )
    grow = np.linspace(0.05, 1, count) ** 1.8
    name = "riser" if up else "downlifter"
    return x * (grow if up else grow[::-1]), [
        name,
        "rising tension sweep" if up else "falling sweep",
        "cinematic " + name,
        "build up before a drop" if up else "power down",
    ]


def laser(rng: np.random.Generator) -> Made:
    """Falling chirps."""
    total = int(rng.integers(1, 5))
    size = samples(rng.uniform(0.12, 0.5))
    gap = rng.uniform(0.12, 0.4)
    x = np.zeros(samples(gap * (total - 1)) + size)
    start, stop = rng.uniform(1800, 6500), rng.uniform(90, 500)
    for k in range(total):
        curve = glide(start, stop, size, rng.uniform(0.4, 0.9))
        curve = curve * (1 + 0.1 * np.sin(2 * np.pi * rng.uniform(20, 90) * time_axis(size)))
        shot = oscillator(curve, size, pick(rng, ["sine", "saw", "square"])) * decay(size, 0.08)
        add_at(x, shot, int(gap * k * 16_000))
    return x, [
        "laser shot",
        "laser gun",
        "sci-fi blaster",
        "pew pew" if total > 1 else "pew",
        "ray gun",
        "space weapon firing",
    ]


def gunshot(rng: np.random.Generator) -> Made:
    """Crack, blast and the room behind it."""
    kind = pick(rng, ["pistol", "rifle", "shotgun", "machine gun"])
    total = int(rng.integers(4, 14)) if kind == "machine gun" else int(rng.integers(1, 3))
    gap = rng.uniform(0.07, 0.12) if kind == "machine gun" else rng.uniform(0.5, 0.9)
    x = np.zeros(samples(gap * total + 1.2))
    for k in range(total):
        size = samples(0.8)
        crack = rng.standard_normal(size) * decay(size, 0.006, 0.0002) * 1.5
        blast = coloured_noise(rng, size, 0.5) * decay(size, 0.035 if kind != "shotgun" else 0.06)
        thump = band(coloured_noise(rng, size, 1), 40, 200) * decay(size, 0.05)
        add_at(x, np.tanh(1.5 * (crack + blast + thump)), samples(k * gap) - 16)
    return echoes(x, rng, 1.2, rng.uniform(0.1, 0.5)), [
        f"{kind} shot" if total == 1 else f"{kind} shots",
        "gunshot",
        f"{kind} firing",
        "gun",
        "gunfire",
    ]


def explosion(rng: np.random.Generator) -> Made:
    """Blast, rumble and debris."""
    count = samples(rng.uniform(1.8, 4.5))
    big = rng.random() < 0.6
    x = 1.2 * coloured_noise(rng, count, 0.5) * decay(count, 0.06 if big else 0.03, 0.002)
    rumble = band(coloured_noise(rng, count, 1.0), 25, rng.uniform(300, 900))
    x += 1.5 * rumble * decay(count, 0.45 if big else 0.15, 0.01) * wander(rng, count, 12, 0.4, 1)
    for _ in range(int(rng.integers(0, 60))):
        size = samples(0.03)
        bit = band(rng.standard_normal(size), 600, 5000) * decay(size, 0.004)
        add_at(x, bit, samples(float(rng.exponential(0.6))), float(rng.uniform(0.05, 0.3)))
    x = np.tanh(1.5 * x)
    return echoes(x, rng, 2.0, 0.3), [
        "explosion",
        ("big" if big else "small") + " explosion",
        "bomb exploding",
        "blast with debris",
        "distant detonation" if not big else "massive blast",
    ]


def horn(rng: np.random.Generator) -> Made:
    """Car, truck, ship and train horns."""
    kind = pick(rng, ["car", "truck", "ship", "train"])
    base = {"car": 410, "truck": 220, "ship": 95, "train": 290}[kind] * rng.uniform(0.85, 1.15)
    size_s = rng.uniform(0.25, 0.9) if kind == "car" else rng.uniform(0.9, 2.5)
    size = samples(size_s)
    blast = sum(
        oscillator(base * r, size, "saw") for r in (1.0, 1.26, 1.5)[: int(rng.integers(1, 4))]
    )
    blast = band(np.asarray(blast) * arc(size, 0.05, 0.08), 80, 3500)
    total = int(rng.integers(1, 4)) if kind == "car" else 1
    x = np.zeros(int(size * 1.4) * total + 800)
    for k in range(total):
        add_at(x, blast, k * int(size * 1.4))
    return echoes(x, rng, 1.5, 0.3), [
        f"{kind} horn",
        f"{kind} horn honking",
        "horn",
        "honk",
        f"long {kind} horn" if size_s > 0.8 else f"short {kind} horn",
    ]


FAMILIES = {
    "siren": siren,
    "alarm": alarm,
    "bell": bell,
    "chime": chime,
    "beep": beep,
    "click": click,
    "typing": typing,
    "whoosh": whoosh,
    "riser": riser,
    "laser": laser,
    "gunshot": gunshot,
    "explosion": explosion,
    "horn": horn,
}
