# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A time axis on which 20 us and a second have room: it is linear, except for
stretches in which nothing begins and nothing ends. These are left out."""
import collections

MARGIN = 0.0002  # s that are kept before and after what happens
BREAK = 22  # pixels in place of what is left out
MOST = 12  # breaks

# parts: (begin, end, x of begin, x of end, is left out)
Scale = collections.namedtuple("Scale", "parts")


def scale(times, begin, end, left, right):
    """times: when something happens."""
    times = sorted({t for t in times if begin <= t <= end} | {begin, end})
    gaps = sorted((b - a for a, b in zip(times, times[1:])), reverse=True)
    # What a break costs in width has to be less than what it saves.
    shortest = 8 * MARGIN
    if len(gaps) > MOST:
        shortest = max(shortest, gaps[MOST])
    cuts = [(a + MARGIN, b - MARGIN) for a, b in zip(times, times[1:])
            if b - a > shortest]
    shown = (end - begin) - sum(b - a for a, b in cuts)
    per_second = (right - left - BREAK * len(cuts)) / max(shown, 1e-6)
    parts = []
    now, x = begin, left
    for a, b in cuts + [(end, end)]:
        parts.append((now, a, x, x + (a - now) * per_second, False))
        x = parts[-1][3]
        if b > a:
            parts.append((a, b, x, x + BREAK, True))
            x += BREAK
        now = b
    return Scale(parts)


def x_of(drawn, time):
    for begin, end, x0, x1, _ in drawn.parts:
        if time <= end:
            part = (time - begin) / (end - begin) if end > begin else 0
            return x0 + max(0, part) * (x1 - x0)
    return drawn.parts[-1][3]


def breaks(drawn):
    return [part for part in drawn.parts if part[4]]


def shown(drawn):
    return [part for part in drawn.parts if not part[4]]


def step(drawn):
    """Between two ticks: a round number of seconds, at least 7 pixels."""
    widest = max(shown(drawn), key=lambda part: part[1] - part[0])
    seconds = max(widest[1] - widest[0], 1e-9)
    least = 7 * seconds / max(widest[3] - widest[2], 1e-9)
    size = 1e-6
    while True:
        for factor in (1, 2, 5):
            if size * factor >= least:
                return size * factor
        size *= 10
