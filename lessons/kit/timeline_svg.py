# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A timeline as SVG: one row a thread, time to the right."""
from xml.sax.saxutils import escape

from kit import time_scale

WIDTH = 900
NAMES = 150  # the width of the column of names
RIGHT = WIDTH - 14
TOP = 74  # of the first row
ROW = 30
BAR = 17  # the height of a bar
FILLS = {"blocked": ("#fbe6bd", "#a8762a"), "runs": ("#2f6da8", "#1f4c78")}
TEXTS = {"blocked": "#3d2b0c", "runs": "#ffffff"}
DARK = "#222222"
GREY = "#777777"
ARROW = "#b3261e"
SMALL = 8.5  # letters above a bar
CAPTION = ("Recorded with strace -f, which adds up to 0.1 ms to each system "
           "call. Without it the server is faster, and a race may end "
           "differently.")


def draw(scene, title):
    times = {t for row in scene.rows for t in (row.begin, row.end)}
    times |= {t for arrow in scene.arrows for t in (arrow.begin, arrow.end)}
    times |= {t for row in scene.rows if isinstance(row.who, str)
              for s in row.stretches for t in (s.begin, s.end)}
    scale = time_scale.scale(times, scene.begin, scene.end, NAMES, RIGHT)
    middle = middles(scene.rows)
    bottom = max(middle.values()) + ROW / 2 + 4
    height = round(bottom + 56)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" '
        f'height="{height}" viewBox="0 0 {WIDTH} {height}" '
        'font-family="sans-serif" font-size="11">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        text(14, 24, title, size=15, weight="bold"), legend(14, 48)]
    for row in scene.rows:
        parts += bars(row, middle[row.who], scale)
    parts += axis(scale, scene.begin, TOP - 8, bottom)
    arrows = [ends_of(arrow, middle, scale)
              for arrow in kept(scene.arrows, scale)]
    parts += [pointer(*ends) for ends in arrows]
    for row in scene.rows:
        parts += labels(row, middle[row.who], scale, arrows)
    parts.append(text(14, height - 10, CAPTION, fill=GREY))
    return "\n".join(parts) + "\n</svg>\n"


def middles(rows):
    """-> the y of each row; a space between the clients and the server."""
    y = TOP + ROW / 2
    middle = {}
    for number, row in enumerate(rows):
        if number and isinstance(rows[number - 1].who, str) and \
                not isinstance(row.who, str):
            y += 12
        middle[row.who] = y
        y += ROW
    return middle


def text(x, y, words, fill=DARK, size=11, anchor="start", weight="normal",
         halo=None):
    more = ""
    if halo:
        more = f' stroke="{halo}" stroke-width="3" paint-order="stroke"'
    if weight != "normal":
        more += f' font-weight="{weight}"'
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
            f'text-anchor="{anchor}" fill="{fill}"{more}>'
            f"{escape(words)}</text>")


def width_of(words, size):
    return 0.56 * size * len(words)


def line(x0, y0, x1, y1, colour, more=""):
    return (f'<line x1="{x0:.1f}" y1="{y0:.1f}" x2="{x1:.1f}" y2="{y1:.1f}" '
            f'stroke="{colour}"{more}/>')


def box(x0, x1, middle, state):
    fill, edge = FILLS[state]
    return (f'<rect x="{x0:.1f}" y="{middle - BAR / 2:.1f}" '
            f'width="{max(x1 - x0, 1.5):.1f}" height="{BAR}" fill="{fill}" '
            f'stroke="{edge}" stroke-width="0.8"/>')


def bars(row, y, scale):
    parts = [line(time_scale.x_of(scale, row.begin), y,
                  time_scale.x_of(scale, row.end), y, GREY)]
    for x0, x1, stretch in visible(row, scale):
        parts.append(box(x0, x1, y, stretch.state))
    if row.ended:
        x = time_scale.x_of(scale, row.end)
        parts.append(line(x, y - 11, x, y + 11, DARK, ' stroke-width="2"'))
    return parts


def visible(row, scale):
    """-> the bars, without those that are hidden by the ones before them. A
    short run has a bar all the same, a short wait has not."""
    done = []
    for stretch in row.stretches:
        x0 = time_scale.x_of(scale, stretch.begin)
        x1 = time_scale.x_of(scale, stretch.end)
        if stretch.state == "idle":
            continue
        if stretch.state == "blocked" and x1 - x0 < 2:
            stretch = stretch._replace(state="runs", labels=[])
        if done and done[-1][2].state == "runs" == stretch.state and \
                x0 - done[-1][1] < 0.5:
            before = done.pop()
            names = list(dict.fromkeys(before[2].labels + stretch.labels))
            stretch = stretch._replace(labels=names)
            x0 = before[0]
        done.append((x0, x1, stretch))
    # Waits first, so that the least width of a run is seen.
    return sorted(done, key=lambda bar: (bar[2].state == "runs", bar[0]))


def labels(row, y, scale, arrows):
    """In the bar, or else above it, where no arrow crosses the words."""
    parts = [text(14, y + 4, row.name)]
    bands = [(x0, x1) for _, _, x0, x1, _ in time_scale.breaks(scale)]
    free = 0  # above the bars
    for x0, x1, stretch in sorted(visible(row, scale)):
        words = fitting(stretch.labels, x1 - x0 - 6)
        x = place(words, x0 + 3, x1 - 3, bands,
                  crossings(arrows, y - 5, y + 5), stretch.state)
        if words and x:
            parts.append(text(x, y + 3.5, words, size=10, anchor="middle",
                              fill=TEXTS[stretch.state],
                              halo=FILLS[stretch.state][0]))
        elif stretch.labels:
            words = " ".join(stretch.labels)
            wide = width_of(words, SMALL)
            taken = crossings(arrows, y - 18, y - BAR / 2) + [(RIGHT, WIDTH)]
            x = max(x0, free)
            while x < x1 and hits(x, x + wide, taken):
                x += 2
            if x < x1 + 8 and not hits(x, x + wide, taken):
                parts.append(text(x, y - BAR / 2 - 2.5, words, size=SMALL))
                free = x + wide + 3
    return parts + ending(row, y, scale)


def ending(row, y, scale):
    """What killed the thread, if it was killed."""
    if not row.ended or row.ended == "exited with 0":
        return []
    words = row.ended.replace("killed by ", "")
    x = time_scale.x_of(scale, row.end)
    anchor = "start" if x + width_of(words, 10) + 5 < RIGHT else "end"
    x += 5 if anchor == "start" else -5
    return [text(x, y + 3.5, words, size=10, anchor=anchor, fill=ARROW,
                 halo="#ffffff", weight="bold")]


def crossings(arrows, top, bottom):
    """-> where the arrows are between two heights."""
    found = []
    for x0, y0, x1, y1 in arrows:
        low, high = max(top, min(y0, y1)), min(bottom, max(y0, y1))
        if low <= high:
            at = [x0 + (x1 - x0) * (y - y0) / (y1 - y0) for y in (low, high)]
            found.append((min(at) - 2, max(at) + 2))
    return found


def hits(x0, x1, taken):
    return any(x0 < end and begin < x1 for begin, end in taken)


def place(words, left, right, bands, arrows, state):
    """The middle of the words in the bar: near its middle, neither on an arrow
    nor on a break. If there is none, those of a wait, which has a light bar,
    stand on them, and others not here."""
    half = width_of(words, 10) / 2
    left, right = left + half, right - half
    middle = (left + right) / 2
    tries = [middle]
    for distance in range(2, int((right - left) / 2) + 1, 2):
        tries += [middle - distance, middle + distance]
    for taken in (arrows + bands, arrows, []):
        for x in tries:
            if not hits(x - half, x + half, taken):
                return x
        if state == "runs":
            return None
    return middle


def fitting(names, width):
    """The names that have room, in full or without descriptors."""
    short = [name.partition("(")[0] for name in names]
    for words in (names, list(dict.fromkeys(short))):
        if words and width_of(" ".join(words), 10) <= width:
            return " ".join(words)
    return ""


def axis(scale, begin, top, bottom):
    parts = []
    tick = time_scale.step(scale)
    free = 0
    for start, end, x0, x1, _ in time_scale.shown(scale):
        parts.append(line(x0, bottom, x1, bottom, DARK))
        number = -int(-(start - begin) // tick)
        while begin + number * tick <= end:
            x = time_scale.x_of(scale, begin + number * tick)
            parts.append(line(x, bottom, x, bottom + 4, DARK))
            number += 1
        words = f"{(start - begin) * 1000:.1f}"
        if x0 >= free:
            parts.append(text(x0, bottom + 17, words, size=10))
            free = x0 + width_of(words, 10) + 6
    for _, _, x0, x1, _ in time_scale.breaks(scale):
        parts += break_mark(x0, x1, top, bottom)
    parts.append(text(14, bottom + 17, f"ms (a tick is {tick * 1000:g} ms)",
                      size=10))
    return parts


def break_mark(x0, x1, top, bottom):
    parts = [f'<rect x="{x0:.1f}" y="{top}" width="{x1 - x0:.1f}" '
             f'height="{bottom - top:.1f}" fill="#ffffff" '
             'fill-opacity="0.7"/>']
    for x in (x0, x1):
        parts.append(line(x, top, x, bottom, "#bbbbbb",
                          ' stroke-dasharray="2 3"'))
        parts.append(line(x - 2, bottom + 4, x + 2, bottom - 4, DARK))
    return parts


def kept(arrows, scale):
    """Arrows that would lie on one another are drawn once."""
    seen = set()
    for arrow in arrows:
        place = (arrow.source, arrow.target,
                 round(time_scale.x_of(scale, arrow.begin) / 4),
                 round(time_scale.x_of(scale, arrow.end) / 4))
        if place not in seen:
            seen.add(place)
            yield arrow


def ends_of(arrow, middle, scale):
    """-> x0, y0, x1, y1: from the edge of one bar to that of the other."""
    down = 1 if middle[arrow.target] > middle[arrow.source] else -1
    return (time_scale.x_of(scale, arrow.begin),
            middle[arrow.source] + down * BAR / 2,
            time_scale.x_of(scale, arrow.end),
            middle[arrow.target] - down * BAR / 2)


def pointer(x0, y0, x1, y1):
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    along = ((x1 - x0) / length, (y1 - y0) / length)
    back = (x1 - 7 * along[0], y1 - 7 * along[1])
    side = (-3 * along[1], 3 * along[0])
    points = ((x1, y1), (back[0] + side[0], back[1] + side[1]),
              (back[0] - side[0], back[1] - side[1]))
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return (line(x0, y0, *back, ARROW, ' stroke-width="1.3"') +
            f'<circle cx="{x0:.1f}" cy="{y0:.1f}" r="2" fill="{ARROW}"/>'
            f'<polygon points="{corners}" fill="{ARROW}"/>')


def legend(x, y):
    parts = []
    for state, words in (("runs", "runs"),
                         ("blocked", "blocked in a system call")):
        parts.append(box(x, x + 24, y - 4, state))
        parts.append(text(x + 30, y, words))
        x += 50 + width_of(words, 11)
    parts.append(pointer(x, y - 4, x + 24, y - 4))
    parts.append(text(x + 30, y, "ends its wait, or starts it"))
    x += 190
    parts.append(line(x, y - 4, x + 24, y - 4, GREY))
    parts.append(text(x + 30, y, "a client between two steps"))
    x += 190
    parts += break_mark(x, x + 20, y - 14, y + 2)
    parts.append(text(x + 30, y, "time left out"))
    return "\n".join(parts)
