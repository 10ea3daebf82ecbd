# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""load: run echoc load and read its JSON. A run with a fault raises Failed."""
import json
import signal
import subprocess

from kit.process import Failed, Process

SPARE_SECONDS = 10
# Each address has its own local ports.
BIND = "--bind=" + ",".join(f"127.0.0.{n}" for n in range(2, 10))


def reason(process, output):
    """Why a run failed."""
    try:
        figures = json.loads(output)
    except ValueError:
        return process.last_line()
    if figures.get("first_fault"):
        return figures["first_fault"]
    counts = {**figures.get("errors", {}), "lost": figures.get("lost")}
    found = [f"{count} {name}" for name, count in counts.items() if count]
    if figures["served"] < figures["clients"]:
        found.append("not every client was served")
    return ", ".join(found) or f"status {process.child.returncode}"


def finish(process, seconds):
    try:
        output = process.child.communicate(timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        raise Failed(f"echoc did not end in {seconds:.0f} s") from None
    if process.child.returncode != 0:
        raise Failed(reason(process, output))
    figures = json.loads(output)
    if (figures["lost"] or figures["changed"]
            or figures["served"] < figures["clients"]):
        raise Failed(reason(process, output))
    return figures


def command(echoc, port, clients, timeout, options):
    return [echoc, "load", "--json", f"--clients={clients}",
            f"--timeout={timeout}", *options, f"127.0.0.1:{port}"]


def run(echoc, port, clients, seconds, timeout, options=()):
    """One run; returns its figures."""
    line = command(echoc, port, clients, timeout,
                   [f"--time={seconds}", *options])
    with Process(line, subprocess.PIPE) as process:
        return finish(process, seconds + SPARE_SECONDS)


def hold(echoc, port, clients, timeout, options, sample):
    """Hold idle clients while sample() runs; returns what it returned."""
    line = command(echoc, port, clients, timeout,
                   ["--hold", "--time=600", *options])
    with Process(line, subprocess.PIPE) as process:
        process.wait_for_line("clients served", 2 * timeout)
        sampled = sample()
        process.signal(signal.SIGTERM)
        finish(process, SPARE_SECONDS)
        return sampled
