# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Run echoc check through real middleboxes and against other echo servers.

    make check-middlebox
    make middlebox-table

Each has to be judged as paths.py says. The output is TAP. With --write, the
table in README.md is made from the run; without, it must be what was found.
"""
import contextlib
import difflib
import itertools
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "..", "bench")]

from kit import process  # noqa: E402
from lab import Lab, Missing, version  # noqa: E402
from paths import PATHS  # noqa: E402

START_SECONDS = 60
CHECK_SECONDS = 180
TRIES = 3  # a free port can be taken before the program has it
PAGE = os.path.join(HERE, "README.md")
HEAD = ("| program | version | use | `echoc check` |",
        "| --- | --- | --- | --- |")


def wait_until_it_listens(server, address, port):
    until = time.monotonic() + START_SECONDS
    while True:
        ended = server.has_ended()
        try:
            socket.create_connection((address, port), START_SECONDS).close()
            return
        except OSError as error:
            problem = f"port {port}: {error.strerror or error}"
        if ended:
            raise process.Failed(server.errors() or problem)
        if time.monotonic() > until:
            raise process.Failed(problem)
        time.sleep(0.005)


def start(stack, lab, path):
    """Start echod and the path; return the address to check."""
    echo_port = lab.free_port()
    echo = f"{lab.address}:{echo_port}"
    commands = itertools.chain([([lab.echod, echo], echo_port)],
                               path.start(lab, echo))
    for command, port in commands:
        server = stack.enter_context(process.Process(lab.command(command)))
        wait_until_it_listens(server, lab.address, port)
    return f"{lab.address}:{port}"


def check(address):
    """(status, the bad probes, what was printed)."""
    done = subprocess.run(
        [os.environ["ECHOC"], "check", "--json", address], text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
        timeout=CHECK_SECONDS)
    trials = json.loads(done.stdout)["trials"] if done.stdout else []
    bad = [trial for trial in trials if trial["verdict"] == "bad"]
    return (done.returncode, tuple(trial["name"] for trial in bad),
            [*map(str, bad), *done.stderr.splitlines()])


def try_path(lab, path):
    """As check(); the status is None if the path could not be started."""
    for _ in range(TRIES):
        try:
            with contextlib.ExitStack() as stack:
                return check(start(stack, lab, path))
        except (process.Failed, subprocess.SubprocessError) as fault:
            said = str(fault).splitlines()
    return None, (), said


class Tap:
    def __init__(self):
        self.count = 0
        self.failed = 0

    def report(self, good, name, details=()):
        self.count += 1
        self.failed += not good
        print(f"{'' if good else 'not '}ok {self.count} - {name}")
        for line in details if not good else ():
            print(f"# {line}")
        sys.stdout.flush()

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def finish(self):
        print(f"1..{self.count}")
        return 1 if self.failed else 0


def verdict(path, bad):
    """Without what depends on timing, so that it is the same in each run."""
    parts = [f"`{name}` is bad" for name in bad if name not in path.may]
    parts += [f"`{name}` may be bad" for name in path.may]
    return ", ".join(parts) or "ok"


def is_expected(path, status, bad):
    return (status == (1 if bad else 0) and set(path.bad) <= set(bad)
            and set(bad) <= set(path.bad + path.may))


def row(path, bad):
    return (f"| {path.name} | {version(path.package)} | {path.use} | "
            f"{verdict(path, bad)} |")


def run(tap, lab):
    """Judge every path; return the rows of those that are installed."""
    rows = []
    for path in PATHS:
        name = f"{path.name}, {path.use}: {verdict(path, path.bad)}"
        try:
            status, bad, said = try_path(lab, path)
        except Missing as reason:
            tap.skip(name, reason)
            continue
        tap.report(is_expected(path, status, bad), name,
                   [f"status {status}, bad: {bad}", *said])
        if status is not None:
            rows.append(row(path, bad))
    return rows


def without_versions(lines):
    return [re.sub(r"^(\| [^|]*\|)[^|]*\|", r"\1", line) for line in lines]


def page_with(rows):
    """The lines of README.md with the table replaced."""
    with open(PAGE, encoding="utf-8") as file:
        lines = file.read().splitlines()
    table = [number for number, line in enumerate(lines)
             if line.startswith("|")]
    return lines[:table[0]] + [*HEAD, *rows] + lines[table[-1] + 1:]


def compare_page(tap, rows):
    """The versions may differ from those in the page."""
    name = "README.md has the table that was found"
    if len(rows) < len(PATHS):
        tap.skip(name, "it is not complete")
        return
    with open(PAGE, encoding="utf-8") as file:
        shown = without_versions(file.read().splitlines())
    found = without_versions(page_with(rows))
    tap.report(shown == found, name, difflib.unified_diff(
        shown, found, "README.md", "found", lineterm=""))


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as folder:
        rows = run(tap, Lab(folder, os.environ["ECHOD"]))
    if sys.argv[1:] == ["--write"] and len(rows) == len(PATHS):
        text = "\n".join(page_with(rows)) + "\n"
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(text)
    compare_page(tap, rows)
    return tap.finish()


if __name__ == "__main__":
    process.exit_on_signals()
    sys.exit(main())
