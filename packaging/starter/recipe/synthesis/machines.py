"""Engines, vehicles, tools and machines."""

from __future__ import annotations

import numpy as np

from recipe.synthesis.signals import (
    FloatArray,
    add_at,
    arc,
    band,
    coloured_noise,
    decay,
    glide,
    modes,
    oscillator,
    pick,
    resonate,
    samples,
    time_axis,
    wander,
)

Made = tuple[FloatArray, list[str]]


def pulses(rate_hz: FloatArray, rng: np.random.Generator, uneven: float = 0.1) -> FloatArray:
    """One impulse per period of a rate curve, with uneven strength."""
    count = len(rate_hz)
    turns = np.floor(np.cumsum(rate_hz) / 16_000)
    at = np.flatnonzero(np.diff(turns, prepend=0.0) > 0)
    x = np.zeros(count)
    x[at] = 1.0 + uneven * rng.standard_normal(len(at))
    return x


def _motor(rate_hz: FloatArray, rng: np.random.Generator, body_hz: float) -> FloatArray:
    """Firing pulses through an exhaust of a few resonances, plus breath."""
    count = len(rate_hz)
    raw = pulses(rate_hz, rng, 0.25)
    kernel = samples(0.03)
    bang = coloured_noise(rng, kernel, 0.8) * decay(kernel, 0.004)
    raw = np.convolve(raw, bang)[:count] + 0.4 * np.convolve(raw, decay(kernel, 0.003))[:count]
    x = np.zeros(count)
    for factor in (1.0, 2.1, 3.9, 7.5):
        x += resonate(raw, body_hz * factor, 2.0) / factor**0.5
    breath = band(coloured_noise(rng, count, 0.6), 200, 3500)
    return np.asarray(x / (x.std() + 1e-9) + 0.12 * breath)


def engine(rng: np.random.Generator) -> Made:
    """Car, truck and motorbike engines, idling or revving."""
    count = samples(rng.uniform(3.0, 5.12))
    kind = pick(rng, ["car", "truck", "motorbike", "diesel", "old tractor"])
    rates_hz = {"car": 26, "truck": 15, "motorbike": 22, "diesel": 18, "old tractor": 9}
    base = rates_hz[kind] * rng.uniform(0.85, 1.2)
    mode = pick(rng, ["idling", "revving", "accelerating", "driving"])
    if mode == "idling":
        rate = base * wander(rng, count, 3, 0.96, 1.04)
    elif mode == "revving":
        rate = base * (1 + rng.uniform(1.5, 4) * wander(rng, count, 1.2) ** 2)
    elif mode == "accelerating":
        rate = glide(base * 1.2, base * rng.uniform(3, 6), count, 0.8)
    else:
        rate = base * rng.uniform(2, 4) * wander(rng, count, 0.7, 0.93, 1.07)
    x = _motor(rate, rng, rng.uniform(60, 180))
    return x, [
        f"{kind} engine {mode}",
        f"{kind} {mode}",
        "engine running",
        "motor",
        f"{mode} engine of a {kind}",
        f"{kind} engine",
    ]


def pass_by(rng: np.random.Generator) -> Made:
    """A vehicle comes, passes and goes, with Doppler."""
    count = samples(rng.uniform(3.0, 5.0))
    kind = pick(rng, ["car", "truck", "motorbike", "racing car"])
    t = time_axis(count) - count / 32_000 * rng.uniform(0.8, 1.2)
    speed = rng.uniform(0.6, 2.0)
    near = 1.0 / np.sqrt(1 + np.square(t * speed * 2))
    bend = 1.0 - 0.15 * np.tanh(t * speed * 2)
    base = {"car": 60, "truck": 40, "motorbike": 90, "racing car": 160}[kind] * rng.uniform(
        0.8, 1.3
    )
    x = _motor(base * bend, rng, 120) + 1.2 * band(coloured_noise(rng, count, 0.5), 200, 4000)
    return x * near**1.5, [
        f"{kind} passing by",
        f"{kind} driving past",
        "car pass by",
        "traffic",
        f"fast {kind} drives by on the road",
    ]


def helicopter(rng: np.random.Generator) -> Made:
    """Blade slaps over turbine noise."""
    count = samples(rng.uniform(3.0, 5.12))
    rate = np.full(count, rng.uniform(9, 18))
    size = samples(0.06)
    slap = coloured_noise(rng, size, 0.8) * arc(size, 0.2, 0.7)
    x = np.convolve(pulses(rate, rng, 0.1), slap)[:count]
    x = band(x, 40, 2500) / (x.std() + 1e-9) + 0.25 * band(
        coloured_noise(rng, count, 0.5), 300, 5000
    )
    x += 0.05 * oscillator(rng.uniform(1500, 3000), count)
    gain = arc(count, 0.5, 0.4) if rng.random() < 0.4 else wander(rng, count, 0.5, 0.7, 1.0)
    return x * gain, [
        "helicopter",
        "helicopter flying overhead",
        "rotor blades chopping the air",
        "helicopter hovering",
        "chopper",
    ]


def aircraft(rng: np.random.Generator) -> Made:
    """Propeller planes and jets."""
    count = samples(rng.uniform(3.5, 5.12))
    if rng.random() < 0.5:
        rate = rng.uniform(60, 110) * glide(1.05, rng.uniform(0.85, 0.98), count)
        x = _motor(rate, rng, 150) + 0.3 * oscillator(rate, count, "saw")
        captions = ["propeller plane", "small airplane flying", "propeller aircraft engine"]
    else:
        x = band(coloured_noise(rng, count, 0.4), 100, 6500)
        whine = oscillator(rng.uniform(1800, 3500) * glide(1.05, 0.8, count), count)
        x = x + 0.25 * whine + 0.5 * band(coloured_noise(rng, count, 0.9), 40, 400)
        captions = ["jet engine", "jet aircraft flying over", "airplane taking off", "jet flyby"]
    return x * arc(count, rng.uniform(0.2, 0.6), rng.uniform(0.3, 0.7)), [*captions, "airplane"]


def train(rng: np.random.Generator) -> Made:
    """Wheels over joints, and steam."""
    count = samples(5.0)
    steam = rng.random() < 0.5
    x = 0.25 * band(coloured_noise(rng, count, 0.8), 50, 1500)
    beat = rng.uniform(0.35, 0.8)
    size = samples(0.18 if steam else 0.08)
    for k in range(int(5 / beat) + 1):
        for offset in (0.0, 0.12):
            if steam:
                puff = band(coloured_noise(rng, size, 0.4), 300, 4500) * arc(size, 0.1, 0.8)
            else:
                puff = modes(size, [110, 190, 430, 900], [0.02] * 4, [1, 1, 0.5, 0.3], rng)
            at = samples(k * beat + offset * (not steam) + rng.uniform(0, 0.01))
            add_at(x, puff, at, float(rng.uniform(0.6, 1)))
    name = "steam train" if steam else "train"
    return x, [
        f"{name} passing",
        "train on tracks",
        "railway",
        f"{name} wheels on rails",
        "locomotive chugging" if steam else "train clatter",
    ]


def power_tool(rng: np.random.Generator) -> Made:
    """Drills, saws and chainsaws: a harsh whine with load."""
    count = samples(rng.uniform(2.0, 4.5))
    kind = pick(
        rng, ["drill", "circular saw", "chainsaw", "vacuum cleaner", "blender", "jackhammer"]
    )
    pitch = {
        "drill": 240,
        "circular saw": 500,
        "chainsaw": 95,
        "vacuum cleaner": 180,
        "blender": 320,
        "jackhammer": 22,
    }[kind] * rng.uniform(0.8, 1.25)
    curve = pitch * arc(count, 0.08, 0.08) ** 0.3 * wander(rng, count, 2, 0.9, 1.05)
    if kind in ("chainsaw", "jackhammer"):
        x = _motor(np.maximum(curve, 5), rng, 250 if kind == "chainsaw" else 600)
    else:
        x = oscillator(np.maximum(curve, 20), count, "saw")
        x += 0.8 * band(coloured_noise(rng, count, 0.2), 500, 7000)
    x *= arc(count, 0.04, 0.06)
    return x, [kind, f"electric {kind}", f"{kind} running", "power tool", f"{kind} motor"]


def machinery(rng: np.random.Generator) -> Made:
    """A cycle of clanks, hiss and hum."""
    count = samples(5.0)
    hum_hz = rng.uniform(45, 120)
    x = 0.4 * oscillator(hum_hz, count, "saw") + 0.3 * band(
        coloured_noise(rng, count, 0.6), 80, 3000
    )
    cycle = rng.uniform(0.3, 1.0)
    parts = [
        (rng.uniform(0, cycle), rng.uniform(200, 3000), rng.uniform(0.02, 0.08))
        for _ in range(int(rng.integers(2, 5)))
    ]
    for k in range(int(5 / cycle) + 1):
        for offset, pitch, half_life in parts:
            size = samples(0.3)
            clank = modes(
                size, pitch * np.array([1, 1.6, 2.7]), [half_life] * 3, [1, 0.6, 0.4], rng
            )
            add_at(x, clank, samples(k * cycle + offset), 1.2)
    return x, [
        "factory machine",
        "machinery running",
        "industrial machine",
        "mechanical rhythm",
        "assembly line",
        "engine room",
    ]


def fan(rng: np.random.Generator) -> Made:
    """Air conditioners, fans and ventilation."""
    count = samples(5.0)
    x = band(coloured_noise(rng, count, 0.7), 60, rng.uniform(1500, 5000))
    x += rng.uniform(0.05, 0.5) * oscillator(rng.uniform(50, 240), count, "triangle")
    flutter = rng.uniform(4, 14)
    x *= 1 + rng.uniform(0, 0.3) * np.sin(2 * np.pi * flutter * time_axis(count))
    return x, ["fan", "air conditioner", "ventilation hum", "room tone with fan", "computer fan"]


def steam(rng: np.random.Generator) -> Made:
    """Air and steam releases."""
    count = samples(rng.uniform(0.5, 3.0))
    x = band(coloured_noise(rng, count, -0.1), rng.uniform(800, 2500), 7700)
    x *= arc(count, rng.uniform(0.01, 0.1), rng.uniform(0.3, 0.9))
    return x, [
        "steam hiss",
        "air release",
        "hissing gas",
        "pressure release",
        "spray can",
        "pneumatic hiss",
    ]


FAMILIES = {
    "engine": engine,
    "pass by": pass_by,
    "helicopter": helicopter,
    "aircraft": aircraft,
    "train": train,
    "power tool": power_tool,
    "machinery": machinery,
    "fan": fan,
    "steam": steam,
}
