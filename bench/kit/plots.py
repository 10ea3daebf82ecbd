# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""plots: curves over the number of clients, drawn by gnuplot."""
import math
import shutil
import subprocess

GNUPLOT_SECONDS = 30
OURS = "#c1272d"
OTHERS = {"other echod": "#e6550d", "one at a time": "#8c8c8c",
          "fork each": "#b07d2b", "epoll loop": "#0b6fa4", "Go": "#1b9e77",
          "Tokio": "#7b4fa3"}

HEAD = """set terminal svg size 640,440 background "white" \\
    font "Helvetica,Arial,sans-serif,13" linewidth 1
set output "{path}"
set logscale xy
set xrange [0.8:{most}]
set yrange [{low}:{high}]
set xtics nomirror scale 0.5,0 ({ticks})
set ytics nomirror scale 0.5,0 ({ticks})
set border 3 linecolor rgb "#888888"
set grid xtics ytics linecolor rgb "#e2e2e2" linetype 1 linewidth 0.6
set key outside bottom center horizontal Left reverse samplen 2 width 2 \\
    height 0.6 maxrows 2
set xlabel "clients" offset 0,0.3
set title "{title}, {unit}" font ",15"
"""

PLOTS = (  # name, title, unit, [(kind, figure, scale, dash)]
    ("throughput", "Round trips of 64 bytes", "per second",
     [("trips", "trips_per_second", 1, 1)]),
    ("latency", "Time of a round trip, median and p99 (dotted)",
     "milliseconds",
     [("trips", "p50_us", 1e-3, 1), ("trips", "p99_us", 1e-3, 3)]),
    ("memory", "Resident memory of the server, clients idle", "MB",
     [("hold", "resident_kb", 1e-3, 1)]),
    ("cpu", "CPU time of the server", "ms per 1,000 round trips",
     [("trips", "cpu_ms_per_1000", 1, 1)]),
)
DECADES = range(-3, 8)


def curve(results, server, kind, figure, scale):
    """(clients, value) points; the axes are logarithmic, so no zeros."""
    points = []
    for clients in results.clients(kind):
        value = results.median(server, kind, clients, figure)
        if value:
            points.append((clients, value * scale))
    return points


def decades(values):
    """The powers of ten around the values, with a little margin."""
    return (0.99 * 10**math.floor(math.log10(min(values))),
            1.01 * 10**math.ceil(math.log10(max(values))))


def ticks():
    """Labels with commas in every locale."""
    return ", ".join(f'"{10**n:,}" 1e{n}' if n >= 0 else f'"{10**n:g}" 1e{n}'
                     for n in DECADES)


def style(server, dash):
    if server == "echod":
        return f'linecolor rgb "{OURS}" linewidth 3.2 pointsize 0.7'
    return (f'linecolor rgb "{OTHERS.get(server, "#444444")}" '
            f"linewidth {1.6 if dash == 1 else 1.2} pointsize 0.5")


def script(results, servers, path, plot):
    _, title, unit, lines = plot
    data = []
    drawn = []
    values = []
    # echod is drawn last, on top.
    for server in sorted(servers, key=lambda one: one.name == "echod"):
        for kind, figure, scale, dash in lines:
            points = curve(results, server.name, kind, figure, scale)
            if not points or not server.has_curve:
                continue
            name = f"$d{len(drawn)}"
            values += [value for _, value in points]
            data += [f"{name} << EOD",
                     *(f"{x} {value:.6g}" for x, value in points), "EOD"]
            heading = f'title "{server.name}"' if dash == 1 else "notitle"
            drawn.append(f"{name} with linespoints pointtype 7 dashtype "
                         f"{dash} {style(server.name, dash)} {heading}")
    if not drawn:
        return None
    low, high = decades(values)
    head = HEAD.format(path=path, low=low, high=high, title=title, unit=unit,
                       most=max(results.clients(lines[0][0])) * 1.25,
                       ticks=ticks())
    return "\n".join([head, *data, "plot " + ", \\\n  ".join(drawn), ""])


def draw(results, servers, folder):
    """Draw the plots; return {name: (title, path)}, empty without gnuplot."""
    if shutil.which("gnuplot") is None:
        return {}
    made = {}
    for plot in PLOTS:
        path = f"{folder}/{plot[0]}.svg"
        commands = script(results, servers, path, plot)
        if commands is None:
            continue
        done = subprocess.run(["gnuplot"], text=True, timeout=GNUPLOT_SECONDS,
                              input=commands, check=False)
        if done.returncode == 0:
            made[plot[0]] = (plot[1], path)
    return made
