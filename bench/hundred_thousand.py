#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Serve 100,000 clients at once, with a blocked thread for each.

    make bench-100k
    bench/hundred_thousand.py [--clients=N]

Several echod share a port (--reuseport), since a process has descriptors for
only some of the clients; several echoc hold the clients: each makes a verified
round trip and then stays. Limits are looked at first. Those of the kernel that
are too low are raised for the run and put back after it; a machine that is too
small has as many clients as fit. ./echod and ./echoc must be in the current
folder. Only root can raise limits.
"""
import argparse
import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True

from kit import limits, machine, procfs  # noqa: E402
from kit.process import (Failed, Process, end_on_signals,  # noqa: E402
                         ignore_signals, raise_descriptor_limit)

ADDRESSES = 16
BIND = "--bind=" + ",".join(f"127.0.0.{2 + n}" for n in range(ADDRESSES))
MOST_SERVERS = 64
SIGMAS = 6
SIZE = 64
PINGS = 500
START_SECONDS = 10
SERVE_SECONDS = 300
STOP_SECONDS = 120
SETTLE_SECONDS = 1
THREADS = 17  # field of stat


def say(text=""):
    print(text, flush=True)


def line(label, value, note=""):
    say(f"  {label:<40}{value:>12}  {note}".rstrip())


def fullest(clients, servers):
    """The kernel spreads clients by a hash: what a server gets at most."""
    mean = clients / servers
    return math.ceil(mean + SIGMAS * math.sqrt(mean))


def spread(clients, seats):
    """How many servers it takes that none fills up."""
    for servers in range(2, MOST_SERVERS):
        if fullest(clients, servers) <= seats:
            return servers
    raise Failed("RLIMIT_NOFILE is too low, even for many servers")


def find_room(raised, wanted, descriptors):
    """(clients, servers) that fit, after saying what each limit allows."""
    shared = limits.shared(ADDRESSES)
    for limit in shared:
        raised.raise_for(limit, wanted)
    clients = min(wanted, *(limit.room() for limit in shared))
    own = limits.of_a_server(descriptors)
    for limit in own:
        raised.raise_for(limit, own[0].room())
    servers = spread(clients, min(limit.room() for limit in own))

    say(f"  {'limit':<20}{'is':>14}{'needed':>14}")
    for limit in shared:
        show_limit(limit, wanted)
    for limit in own:
        show_limit(limit, fullest(clients, servers))
    if limits.queue() < limits.SHORT_QUEUE:
        say("  net.core.somaxconn is low: newcomers will have to try again")
    say()
    if clients < wanted:
        say(f"  This machine has room for {clients:,}.\n")
    return clients, servers


def show_limit(limit, clients):
    say(f"  {limit.name:<20}{limit.format(limit.was):>14}"
        f"{limit.format(limit.needs(clients)):>14}  {limit.verdict(clients)}")


class Server(Process):
    """An echod whose reports go to a file of its own."""

    def __init__(self, port):
        self.reports = tempfile.TemporaryFile()
        super().__init__(["./echod", "--reuseport", "--grace=60",
                          f"127.0.0.1:{port}"],
                         self.reports)

    def reported(self, pattern):
        """What the group of the pattern matches, or None."""
        size = os.fstat(self.reports.fileno()).st_size
        found = re.search(pattern, os.pread(
            self.reports.fileno(), size, 0).decode(), re.MULTILINE)
        return found and found.groups()

    def port(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.child.poll() is None:
            found = self.reported(r"^server running on \S+:(\d+)$")
            if found:
                return int(found[0])
            time.sleep(0.01)
        raise Failed(f"echod does not start: {self.last_words()}")

    def totals(self):
        """What it served: (clients, refused, cut off, bytes, lines lost)."""
        found = self.reported(
            r"^stopped: 0 clients now, (\d+) so far, (\d+) refused, "
            r"(\d+) cut off, (\d+) bytes, (\d+) lines lost")
        if self.child.returncode != 0 or not found:
            raise Failed(f"an echod failed: {self.last_words()}")
        return [int(number) for number in found]


def start_servers(running, count):
    """The first finds a port, the others share it."""
    port = 0
    for _ in range(count):
        running.append(Server(port))
        port = running[-1].port()
    return port


def hold(running, clients, port, descriptors):
    """Start the clients; how long until the last one was served."""
    count = math.ceil(clients / (descriptors - limits.SPARE_DESCRIPTORS))
    start = time.monotonic()
    for number in range(count):
        part = clients // count + (number < clients % count)
        running.append(Process([
            "./echoc", "load", "--hold", f"--clients={part}", "--time=86400",
            f"--timeout={SERVE_SECONDS}", BIND, f"127.0.0.1:{port}"]))
    for holder in running:
        said = holder.wait_for_words("clients served", SERVE_SECONDS)
        served, wanted = re.match(r"(\d+) of (\d+)", said).groups()
        if served != wanted:
            raise Failed(f"echoc: {said}")
    return time.monotonic() - start


def ping(port, *words):
    """Round trips of one more client, one after another."""
    command = ["./echoc", "ping", "--json", f"--count={PINGS}",
               "--interval=0.01", *words, f"127.0.0.1:{port}"]
    with Process(command, subprocess.PIPE) as process:
        output = process.child.communicate(timeout=SERVE_SECONDS)[0]
        if process.child.returncode != 0:
            raise Failed(f"echoc ping: {process.last_words()}")
        return json.loads(output)


def stop(servers, holders):
    """SIGTERM to all; how long until all have ended. The clients are held
    still meanwhile, or they would try to come back."""
    for holder in holders:
        holder.signal(signal.SIGSTOP)
    start = time.monotonic()
    for server in servers:
        server.signal(signal.SIGTERM)
    for server in servers:
        server.child.wait(STOP_SECONDS)
    return time.monotonic() - start


class Memory:
    """What the machine uses, in kB."""

    def __init__(self, servers=(), holders=()):
        self.free = procfs.free_kb()
        self.kernel = procfs.memory()
        self.servers, self.holders = [
            sum(procfs.resident_kb(process.pid) for process in group)
            for group in (servers, holders)]

    def more(self, name, before):
        return self.kernel.get(name, 0) - before.kernel.get(name, 0)


def show_memory(clients, before, after):
    in_all = before.free - after.free
    parts = [
        ("servers, resident", after.servers),
        ("kernel stacks of their threads",
         after.more("KernelStack", before)),
        ("slab: tasks, and sockets of both ends", after.more("Slab", before)),
        ("page tables", after.more("PageTables", before)),
        ("the clients' own processes, resident", after.holders),
    ]
    # A task that has written to a socket keeps 32 kB to write from.
    rest = in_all - sum(kb for _, kb in parts)
    parts += [("the rest: pages that threads write from", rest),
              ("in all", in_all)]
    say(f"  {'memory':<40}{'MB':>12}{'kB a client':>16}")
    for label, kb in parts:
        say(f"  {label:<40}{kb / 1e3:>12,.1f}{kb / clients:>16.2f}")


def show_ping(label, times):
    line(label, f"{times['p50'] * 1000:,.0f} µs",
         f"p99 {times['p99'] * 1000:,.0f} µs")


def check_totals(servers, clients, pings):
    """Every client and every byte was somebody's."""
    totals = [sum(column) for column in
              zip(*[server.totals() for server in servers])]
    connected = clients + sum(one["connects"] for one in pings)
    echoed = SIZE * (clients + sum(one["echoed"] for one in pings))
    if totals != [connected, 0, 0, echoed, 0]:
        raise Failed(f"the servers' totals are {totals}, "
                     f"not {[connected, 0, 0, echoed, 0]}")
    line("the servers' totals agree", f"{connected:,}",
         f"clients, {echoed:,} bytes")
    say()


def run(clients, count, descriptors, servers, holders):
    """The servers and the clients that are started are put into the lists."""
    before = Memory()
    port = start_servers(servers, count)
    seconds = hold(holders, clients, port, descriptors)
    line("clients served, each with a round trip", f"{clients:,}",
         f"in {seconds:.2f} s")
    line("servers on one port", f"{count}",
         f"{max(map(threads, servers)):,} threads at most")
    time.sleep(SETTLE_SECONDS)
    after = Memory(servers, holders)
    pings = [ping(port), ping(port, "--new")]
    show_ping("round trip of one more, median", pings[0]["round_trip_ms"])
    show_ping("first round trip of newcomers, median",
              pings[1]["round_trip_ms"])
    seconds = stop(servers, holders)
    line("stopped, with all of them connected", f"in {seconds:.2f} s")
    check_totals(servers, clients, pings)
    show_memory(clients, before, after)


def threads(server):
    return int(procfs.stat(server.pid)[THREADS])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=100000, metavar="N")
    wanted = max(1, parser.parse_args().clients)
    end_on_signals()
    descriptors = raise_descriptor_limit()
    say(f"\n  {wanted:,} clients at once, a blocked thread for each\n")
    for name, value in machine.facts(os.path.dirname(__file__)):
        if name in ("Date", "echod", "Processor", "Memory", "System"):
            say(f"  {name:<12}{value}"[:80])
    say()
    servers, holders = [], []
    with limits.Raised() as raised:
        try:
            clients, count = find_room(raised, wanted, descriptors)
            run(clients, count, descriptors, servers, holders)
        finally:
            ignore_signals()
            for process in holders + servers:
                process.end()


if __name__ == "__main__":
    try:
        main()
    except Failed as failed:
        raise SystemExit(f"hundred_thousand: {failed}") from None
    except KeyboardInterrupt:
        raise SystemExit("hundred_thousand: interrupted") from None
