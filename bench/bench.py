#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Measure echod beside other echo servers, and say how they compare.

    make bench
    make bench QUICK=1

Every measurement has a server of its own, started for it; in a round each
measurement visits every server before the next begins, and every round begins
with another server. Tables go to standard output, every single figure to
bench/out/results.csv, the plots beside it, and all of it to bench/report.html,
below the current folder, where ./echod and ./echoc must be.
"""
import argparse
import os
import sys
import time

sys.dont_write_bytecode = True

from kit import machine, page, plan, plots, process  # noqa: E402
from kit import results, servers, tables  # noqa: E402

BUILD = "bench/build"
OUT = "bench/out"
PAGE = "bench/report.html"
BUSY = 0.25


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true",
                        help="one short round")
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--servers", metavar="NAME[,NAME...]",
                        help="only these, and echod")
    parser.add_argument("--list", action="store_true",
                        help="name the servers, and end")
    return parser.parse_args()


class Progress:
    """A line that says what is going on, on a terminal only."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.start = time.monotonic()
        self.shown = sys.stderr.isatty()

    def say(self, text):
        if self.shown:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def step(self, number, test, server):
        seconds = int(time.monotonic() - self.start)
        self.say(f"{seconds // 60}:{seconds % 60:02} {self.done} of "
                 f"{self.total}, round {number}: {test}, {server.name}")
        self.done += 1


def choose(wanted):
    names = [name.strip() for name in wanted.split(",")] if wanted else []
    unknown = set(names) - {server.name for server in servers.SERVERS}
    if unknown:
        raise SystemExit(f"no such server: {', '.join(sorted(unknown))}")
    return [server for server in servers.SERVERS
            if not names or server.name in names + ["echod"]]


def make_ready(chosen, progress):
    """Builds what has to be; (those that can be had, the others' reasons)."""
    folders = servers.Folders(
        os.path.dirname(os.path.abspath(__file__)), os.path.abspath(BUILD),
        "./echod", os.environ.get("CC", "cc"))
    os.makedirs(folders.build, exist_ok=True)
    ready = []
    missing = {}
    for server in chosen:
        progress.say(f"building or finding {server.name}")
        try:
            server.make_ready(folders)
            ready.append(server)
        except servers.Missing as reason:
            missing[server.name] = str(reason)
    progress.say("")
    if "echod" in missing or not os.access("./echoc", os.X_OK):
        raise SystemExit("bench: ./echod and ./echoc must be built")
    return ready, missing


def measure_all(todo, what, progress):
    """What failed is not tried again, nor with more clients."""
    found = results.Results()
    failed = {}
    for number, test, server in todo:
        progress.step(number, test, server)
        key = (server.name, test.kind)
        if test.clients >= failed.get(key, test.clients + 1):
            continue
        try:
            found.add(number, server, test,
                      plan.measure("./echoc", server, test, what))
        except process.Failed as fault:
            failed[key] = min(test.clients, failed.get(key, test.clients))
            found.add(number, server, test, {}, str(fault))
    progress.say("")
    return found


def busy():
    """A note, if other programs had the machine before the benchmark did."""
    load = os.getloadavg()[0]
    if load < BUSY * os.cpu_count():
        return []
    return [f"The machine was not idle: {load:.1f} programs were running "
            "before the start, on average."]


def about(what, taken):
    command = " ".join(["bench/bench.py", *sys.argv[1:]])
    rounds = f"{what.rounds} round{'s' * (what.rounds > 1)}"
    if what.growth_rounds != what.rounds:
        rounds += f", {what.growth_rounds} of the curves"
    return machine.facts(os.path.dirname(os.path.abspath(__file__))) + [
        ("Run", f"{command}: {rounds}, "
                f"{what.seconds} s a measurement, {taken:.0f} s in all")]


def show(found, ready, notes, facts):
    os.makedirs(OUT, exist_ok=True)
    found.save(f"{OUT}/results.csv")
    print(tables.as_page(found, ready, notes))
    drawn = plots.draw(found, ready, OUT)
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page.compose(found, ready, notes, drawn, facts))
    print(f"{facts[-1][1]}\n{PAGE}, {OUT}/results.csv, "
          + (f"{OUT}/*.svg" if drawn
             else "no plots: gnuplot is not installed"))


def main():
    options = parse()
    if options.list:
        print("\n".join(server.name for server in servers.SERVERS))
        return
    notes = busy()
    process.end_on_signals()
    limit = process.raise_descriptor_limit()
    progress = Progress(0)
    ready, missing = make_ready(choose(options.servers), progress)
    plan.lower_to(ready, limit)
    what = plan.QUICK if options.quick else plan.FULL
    if options.rounds:
        what = plan.with_rounds(what, options.rounds)
    todo = list(plan.steps(what, ready))
    progress = Progress(len(todo))
    found = measure_all(todo, what, progress)
    taken = time.monotonic() - progress.start
    show(found, ready, notes + tables.notes(found, ready, missing, what),
         about(what, taken))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("bench: interrupted") from None
