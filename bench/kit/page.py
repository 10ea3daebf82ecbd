# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""page: the report as one HTML page, without scripts or other files."""
import html
import re

from kit import tables

STYLE = """
:root { color-scheme: light; --ink: #1d1d1f; --soft: #6b6b70;
  --line: #d9d9de; --ours: #c1272d; }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 70rem;
  color: var(--ink); background: #fff;
  font: 15px/1.5 system-ui, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.15rem; margin: 2.6rem 0 .7rem; }
.pairs h2 { font-size: 1rem; margin-top: 1.8rem; }
h2 small { font-weight: normal; color: var(--soft); }
p, li { max-width: 46rem; }
.soft { color: var(--soft); }
.plots { display: grid; gap: 1.25rem 1.5rem; margin: 2rem 0;
  grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); }
.plots svg { width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .28rem .7rem; text-align: right; white-space: nowrap;
  vertical-align: baseline; }
th { font-weight: 600; }
thead th { color: var(--soft); font-weight: 500; border: 0; }
thead tr:first-child th { text-align: left; padding-bottom: 0; }
thead tr:last-child th { border-bottom: 1.5px solid var(--ink); }
tbody th, .facts th { text-align: left; }
tbody td, tbody th { border-bottom: 1px solid var(--line); }
.first { border-left: 1px solid var(--line); }
.ours th, .ours td { color: var(--ours); font-weight: 600; }
table small { color: var(--soft); display: inline-block; min-width: 2.9em; }
.pairs { display: grid; gap: 0 2rem;
  grid-template-columns: repeat(auto-fit, minmax(32rem, 1fr)); }
.pairs table { font-size: .9em; }
.pairs th, .pairs td { padding: .28rem .4rem; }
.pairs small { min-width: 2.4em; }
.facts td { text-align: left; white-space: normal; }
.facts th { font-weight: 500; }
code { font: .92em ui-monospace, "DejaVu Sans Mono", monospace; }
@media print { body { padding: 0; max-width: none; font-size: 10px; }
  .plots, .pairs { grid-template-columns: 1fr 1fr; gap: .2rem 1.2rem; }
  section, figure { break-inside: avoid; }
  h2 { break-after: avoid; }
  th, td { padding: .15rem .4rem; } }
"""

HOW = (
    "Client and server run on the same machine, so the client's work is part"
    " of every figure except the server's CPU time and memory. echoc verifies"
    " every byte that comes back; a run with lost, changed or late bytes is"
    " not used.",
    "Each measurement starts a new server. A round takes one test after"
    " another and runs it with every server; each round begins with a"
    " different server.",
    "Round trips are a closed loop: a client sends 64 bytes, waits for them,"
    " and sends the next 64. Bulk is full duplex; GB/s counts one direction. A"
    " connection is: connect, echo 64 bytes, close in both directions.",
    "p99.9 is the time within which 999 of 1,000 round trips end. No wait is"
    " longer than its measurement, so with 1,000 clients and more round trips"
    " are measured for longer.",
    "CPU time is the user and system time of all processes of the server. With"
    " many clients it includes accepting and closing them.",
    "The memory of an idle client is measured with clients that have made one"
    " round trip and are silent. \"Own\" is the proportional resident memory"
    " of all processes of the server. \"All\" is the loss of free and cached"
    " memory of the machine; it includes the kernel's part and the client's"
    " own end. Linux keeps 32 kB of send buffers for each process or thread"
    " that has written to a socket.",
)


def text(value):
    return html.escape(str(value))


def inline(path, name, title):
    """The SVG, with identifiers that are unique on the page."""
    with open(path, encoding="utf-8") as file:
        svg = file.read()
    svg = svg[svg.index("<svg"):]
    svg = re.sub(r"""(\bid=["']|href=["']#|url\(#)""", rf"\1{name}-", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{text(title)}"',
                       1)


def figures(drawn):
    return "".join(f"<figure style='margin:0'>{inline(path, name, title)}"
                   "</figure>\n" for name, (title, path) in drawn.items())


def is_first(table):
    """For each column: is it the first of its group?"""
    groups = [column.group for column in table.columns]
    return [not before or groups[before - 1] != group
            for before, group in enumerate(groups)]


def head(table):
    groups = "".join(f'<th class="first" colspan="{span}">{text(group)}</th>'
                     for group, span in tables.groups(table))
    names = "".join(f"<th{' class=first' if first else ''}>"
                    f"{text(column.head)} <small></small></th>"
                    for column, first in zip(table.columns, is_first(table)))
    return (f"<thead><tr><th></th>{groups}</tr>"
            f"<tr><th></th>{names}</tr></thead>")


def data(cell, first, ours):
    ratio = f" <small>{'' if ours else text(cell.ratio)}</small>"
    return (f"<td{' class=first' if first else ''}"
            + (f' title="{text(cell.fault)}"' if cell.fault else "")
            + f">{text(cell.value)}{ratio}</td>")


def row(name, cells, table):
    ours = name == "echod"
    columns = "".join(data(cell, first, ours)
                      for cell, first in zip(cells, is_first(table)))
    return (f"<tr{' class=ours' if ours else ''}><th scope=row>{text(name)}"
            f"</th>{columns}</tr>\n")


def section(results, table, servers):
    body = "".join(row(name, cells, table)
                   for name, cells in tables.rows(results, table, servers))
    better = "more" if table.more_is_better else "less"
    return (f"<section><h2>{text(table.title)} <small>{better} is better"
            f'</small></h2>\n<div class="scroll"><table>{head(table)}<tbody>\n'
            f"{body}</tbody></table></div></section>\n" if body else "")


def sections(results, servers):
    found = tables.all_tables(results)
    wide, narrow = ["".join(section(results, table, servers)
                            for table in found if table.growth == growth)
                    for growth in (False, True)]
    return f'{wide}<div class="pairs">{narrow}</div>\n'


def facts(pairs):
    lines = "".join(f"<tr><th scope=row>{text(name)}</th><td>{text(value)}"
                    "</td></tr>\n" for name, value in pairs)
    return f'<table class="facts"><tbody>\n{lines}</tbody></table>\n'


def items(lines):
    return "<ul>" + "".join(f"<li>{text(line)}</li>\n"
                            for line in lines) + "</ul>\n"


def compose(results, servers, notes, drawn, about):
    """The page. about: (name, value) pairs of the machine and the run."""
    kinds = [(server.name, f"{server.description}; {server.version}")
             for server in servers]
    parts = [
        "<!DOCTYPE html>\n<html lang=en>\n<meta charset=utf-8>\n"
        "<meta name=viewport content='width=device-width'>\n"
        "<title>echod compared with other echo servers</title>\n"
        f"<style>{STYLE}</style>\n"
        "<h1>echod compared with other echo servers</h1>\n",
        f'<p class="soft">{text(dict(about)["Date"])}, '
        f'{text(dict(about)["Processor"])}</p>\n',
        f'<div class="plots">{figures(drawn)}</div>\n' if drawn else
        "<p>No plots: gnuplot is not installed.</p>\n",
        "<p>Figures are medians. The small number beside a figure is the ratio"
        " of echod's figure to it, the median of all rounds. Above 1, echod's"
        " figure is the larger one.</p>\n",
        sections(results, servers),
        "<h2>Notes</h2>\n", items(notes) if notes else
        "<p>None.</p>\n",
        "<h2>How it was measured</h2>\n", items(HOW),
        "<h2>Servers</h2>\n", facts(kinds),
        "<h2>Machine</h2>\n", facts(about), "</html>\n"]
    return "".join(parts)
