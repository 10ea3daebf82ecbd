#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Compare echod with other echo servers.

    make bench
    make bench QUICK=1
    make bench HOGS=2

Run it in the build directory, with ./echod and ./echoc. Each measurement starts
a new server. A round takes one test after another and runs it with every
server; each round begins with a different server. The output, below the current
directory: tables on standard output, all figures in bench/out/results.csv,
plots beside it, and a report with all of them in bench/report.html.
"""
import argparse
import os
import shlex
import sys
import time

sys.dont_write_bytecode = True

from kit import hogs, machine, page, plan, plots  # noqa: E402
from kit import process, results, servers, tables  # noqa: E402

BUILD = "bench/build"
OUT = "bench/out"
PAGE = "bench/report.html"
BUSY_LOAD = 0.25  # load average of each processor
MAX_HOGS = 64


def names(known):
    """The type of an option that takes names of these, separated by commas."""
    def parse_names(text):
        found = [name.strip() for name in text.split(",")]
        for name in found:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name}: unknown")
        return found
    return parse_names


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true",
                        help="one short round")
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--servers", metavar="NAME[,NAME...]",
                        type=names([one.name for one in servers.SERVERS]),
                        help="only these and echod")
    parser.add_argument("--tests", metavar="TEST[,TEST...]",
                        type=names(plan.KINDS),
                        help=f"only these: {', '.join(plan.KINDS)}")
    parser.add_argument("--hogs", metavar="N", type=int, default=0,
                        help="measure beside N processes that are always busy")
    parser.add_argument("--other", metavar="PROGRAM",
                        help="measure another build of echod, too")
    parser.add_argument("--list", action="store_true",
                        help="list the servers and exit")
    options = parser.parse_args()
    if not 0 <= options.hogs <= MAX_HOGS:
        parser.error(f"--hogs takes 0 to {MAX_HOGS}")
    return options


class Progress:
    """A progress line on standard error, if that is a terminal."""

    def __init__(self, total):
        self.total = total
        self.done = 0
        self.start = time.monotonic()
        self.shown = sys.stderr.isatty()

    def show(self, text):
        if self.shown:
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)

    def step(self, number, test, server):
        seconds = int(time.monotonic() - self.start)
        self.show(f"{seconds // 60}:{seconds % 60:02} {self.done} of "
                 f"{self.total}, round {number}: {test}, {server.name}")
        self.done += 1


def choose(options):
    chosen = [server for server in servers.SERVERS
              if not options.servers
              or server.name in options.servers + ["echod"]]
    if options.other:
        chosen.insert(1, servers.other_echod(options.other))
    return chosen


def choose_plan(options):
    chosen = plan.QUICK if options.quick else plan.FULL
    if options.rounds:
        chosen = plan.with_rounds(chosen, options.rounds)
    return plan.with_kinds(chosen, options.tests or plan.KINDS)


def prepare(chosen, progress):
    """Build or find the servers; return (ready ones, {name: why not})."""
    folders = servers.Folders(
        os.path.dirname(os.path.abspath(__file__)), os.path.abspath(BUILD),
        "./echod", os.environ.get("CC", "cc"))
    os.makedirs(folders.build, exist_ok=True)
    ready = []
    missing = {}
    for server in chosen:
        progress.show(f"building or finding {server.name}")
        try:
            server.prepare(folders)
            ready.append(server)
        except servers.Missing as reason:
            missing[server.name] = str(reason)
    progress.show("")
    if "echod" in missing or not os.access("./echoc", os.X_OK):
        raise SystemExit("bench: ./echod and ./echoc must be built")
    return ready, missing


def measure_all(todo, settings, progress):
    """A test that failed is not repeated, nor run with more clients."""
    found = results.Results()
    failed = {}
    for number, test, server in todo:
        progress.step(number, test, server)
        key = (server.name, test.kind)
        if test.clients >= failed.get(key, test.clients + 1):
            continue
        try:
            found.add(number, server, test,
                      plan.measure("./echoc", server, test, settings))
        except process.Failed as fault:
            failed[key] = min(test.clients, failed.get(key, test.clients))
            found.add(number, server, test, {}, str(fault))
    progress.show("")
    return found


def busy():
    """A note if the machine was not idle before the start."""
    load = os.getloadavg()[0]
    if load < BUSY_LOAD * os.cpu_count():
        return []
    return ["The machine was not idle: before the start the load average was "
            f"{load:.1f}."]


def run_facts(settings, taken):
    command = shlex.join(["bench/bench.py", *sys.argv[1:]])
    rounds = f"{settings.rounds} round{'s' * (settings.rounds > 1)}"
    if settings.growth_rounds != settings.rounds:
        rounds += f" ({settings.growth_rounds} for the curves)"
    return machine.facts(os.path.dirname(os.path.abspath(__file__))) + [
        ("Run", f"{command}: {rounds}, "
                f"{settings.seconds} s per measurement, {taken:.0f} s in all")]


def write_report(found, ready, notes, facts):
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
    if options.hogs:
        notes.append(f"All servers were measured beside {options.hogs} other "
                     f"process{'es' * (options.hogs > 1)} that never waited.")
    process.exit_on_signals()
    limit = process.raise_descriptor_limit()
    progress = Progress(0)
    ready, missing = prepare(choose(options), progress)
    plan.limit_clients(ready, limit)
    settings = choose_plan(options)
    todo = list(plan.steps(settings, ready))
    progress = Progress(len(todo))
    with hogs.running(options.hogs):
        found = measure_all(todo, settings, progress)
    taken = time.monotonic() - progress.start
    notes += tables.notes(found, ready, missing, settings)
    write_report(found, ready, notes, run_facts(settings, taken))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("bench: interrupted") from None
