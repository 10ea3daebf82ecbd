# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""load: runs the client, and does not believe it when it found a fault.

Knows echoc and what its JSON says. Must not know the server.
"""
import json
import signal
import subprocess

from kit.process import Failed, Process

SPARE_SECONDS = 10
SEVERAL = "--bind=" + ",".join(f"127.0.0.{n}" for n in range(2, 10))


def complaint(process, output):
    """Why the figures cannot be used."""
    try:
        figures = json.loads(output)
    except ValueError:
        return process.last_words()
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
        raise Failed(f"no end within {seconds:.0f} s") from None
    if process.child.returncode != 0:
        raise Failed(complaint(process, output))
    figures = json.loads(output)
    if (figures["lost"] or figures["changed"]
            or figures["served"] < figures["clients"]):
        raise Failed(complaint(process, output))
    return figures


def command(echoc, port, clients, patience, words):
    return [echoc, "load", "--json", f"--clients={clients}",
            f"--timeout={patience}", *words, f"127.0.0.1:{port}"]


def run(echoc, port, clients, seconds, patience, words=()):
    """The figures of one run; raises Failed if anything was lost or late."""
    line = command(echoc, port, clients, patience,
                   [f"--time={seconds}", *words])
    with Process(line, subprocess.PIPE) as process:
        return finish(process, seconds + SPARE_SECONDS)


def hold(echoc, port, clients, patience, words, look):
    """Hold clients, look(), let them go; returns what look() did."""
    line = command(echoc, port, clients, patience,
                   ["--hold", "--time=600", *words])
    with Process(line, subprocess.PIPE) as process:
        process.wait_for_words("clients served", 2 * patience)
        seen = look()
        process.signal(signal.SIGINT)
        finish(process, SPARE_SECONDS)
        return seen
