#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Serve 100,000 clients at once, with a blocked thread for each.

    make bench-100k
    bench/hundred_thousand.py [--clients=N]

A process has too few descriptors for all of them, so several echod share a
port (--reuseport) and several echoc hold the clients. Each client makes one
verified round trip and then stays connected. Kernel limits that are too low
are raised for the run and restored after it, which only root can do. If the
machine is too small, the number of clients is lowered. Run it in the build
directory, with ./echod and ./echoc.
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
from kit.process import (Failed, Process, exit_on_signals,  # noqa: E402
                         ignore_signals, raise_descriptor_limit)

ADDRESSES = 16
BIND = "--bind=" + ",".join(f"127.0.0.{2 + n}" for n in range(ADDRESSES))
MAX_SERVERS = 64
SIGMAS = 6    # the margin for an uneven spread of the clients
SIZE = 64
PINGS = 500
START_SECONDS = 10
SERVE_SECONDS = 300
STOP_SECONDS = 120
SETTLE_SECONDS = 1
THREADS = 17  # index in procfs.stat()


def say(text=""):
    print(text, flush=True)


def line(label, value, note=""):
    say(f"  {label:<40}{value:>12}  {note}".rstrip())


def largest_share(clients, servers):
    """The most clients that one server gets: the kernel spreads by a hash."""
    mean = clients / servers
    return math.ceil(mean + SIGMAS * math.sqrt(mean))


def servers_for(clients, capacity):
    """The number of servers with which none is full."""
    for servers in range(2, MAX_SERVERS):
        if largest_share(clients, servers) <= capacity:
            return servers
    raise Failed(f"RLIMIT_NOFILE is too low even for {MAX_SERVERS} servers")


def fit_limits(raised, wanted, descriptors):
    """Raise and show the limits; return (clients, servers) that they allow."""
    shared = limits.shared(ADDRESSES)
    for limit in shared:
        raised.raise_for(limit, wanted)
    clients = min(wanted, *(limit.capacity() for limit in shared))
    own = limits.per_server(descriptors)
    for limit in own:
        raised.raise_for(limit, own[0].capacity())
    servers = servers_for(clients, min(limit.capacity() for limit in own))

    say(f"  {'limit':<20}{'value':>14}{'needed':>14}")
    for limit in shared:
        show_limit(limit, wanted)
    for limit in own:
        show_limit(limit, largest_share(clients, servers))
    if limits.accept_queue() < limits.SHORT_QUEUE:
        say("  net.core.somaxconn is low: some connections need a second try")
    say()
    if clients < wanted:
        say(f"  This machine allows {clients:,} clients.\n")
    return clients, servers


def show_limit(limit, clients):
    say(f"  {limit.name:<20}{limit.format(limit.original):>14}"
        f"{limit.format(limit.needs(clients)):>14}  {limit.verdict(clients)}")


class Server(Process):
    """An echod that logs to a temporary file."""

    def __init__(self, port):
        self.log = tempfile.TemporaryFile()
        super().__init__(["./echod", "--reuseport", "--grace=60",
                          f"127.0.0.1:{port}"], self.log)

    def logged(self, pattern):
        """The groups of the pattern in the log so far, or None."""
        size = os.fstat(self.log.fileno()).st_size
        found = re.search(pattern, os.pread(
            self.log.fileno(), size, 0).decode(), re.MULTILINE)
        return found and found.groups()

    def port(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.child.poll() is None:
            found = self.logged(r"^server running on \S+:(\d+)$")
            if found:
                return int(found[0])
            time.sleep(0.01)
        raise Failed(f"echod did not start: {self.last_line()}")

    def totals(self):
        """From its last line: clients, refused, cut off, bytes, lines lost."""
        found = self.logged(
            r"^stopped: 0 clients now, (\d+) so far, (\d+) refused, "
            r"(\d+) cut off, (\d+) bytes, (\d+) lines lost")
        if self.child.returncode != 0 or not found:
            raise Failed(f"echod failed: {self.last_line()}")
        return [int(number) for number in found]


def start_servers(running, count):
    """The first one chooses a port, the others share it."""
    port = 0
    for _ in range(count):
        running.append(Server(port))
        port = running[-1].port()
    return port


def hold(running, clients, port, descriptors):
    """Start the clients; return the seconds until all are served."""
    count = math.ceil(clients / (descriptors - limits.SPARE_DESCRIPTORS))
    start = time.monotonic()
    for number in range(count):
        part = clients // count + (number < clients % count)
        running.append(Process([
            "./echoc", "load", "--hold", f"--clients={part}", "--time=86400",
            f"--timeout={SERVE_SECONDS}", BIND, f"127.0.0.1:{port}"]))
    for holder in running:
        text = holder.wait_for_line("clients served", SERVE_SECONDS)
        served, wanted = re.match(r"(\d+) of (\d+)", text).groups()
        if served != wanted:
            raise Failed(f"echoc: {text}")
    return time.monotonic() - start


def ping(port, *options):
    """Round trips of one more client; returns the JSON of echoc ping."""
    command = ["./echoc", "ping", "--json", "-q", f"--count={PINGS}",
               "--interval=0.01", *options, f"127.0.0.1:{port}"]
    with Process(command, subprocess.PIPE) as process:
        output = process.child.communicate(timeout=SERVE_SECONDS)[0]
        if process.child.returncode != 0:
            raise Failed(f"echoc ping: {process.last_line()}")
        return json.loads(output)


def stop(servers, holders):
    """Stop the servers; return the seconds until all have ended. The clients
    are suspended first, since they would reconnect."""
    for holder in holders:
        holder.signal(signal.SIGSTOP)
    start = time.monotonic()
    for server in servers:
        server.signal(signal.SIGTERM)
    for server in servers:
        server.child.wait(STOP_SECONDS)
    return time.monotonic() - start


class Memory:
    """Memory of the machine and of the programs, in kB."""

    def __init__(self, servers=(), holders=()):
        self.free = procfs.free_kb()
        self.kernel = procfs.memory()
        self.servers, self.holders = (
            sum(procfs.resident_kb(process.pid) for process in group)
            for group in (servers, holders))

    def growth(self, name, before):
        return self.kernel.get(name, 0) - before.kernel.get(name, 0)


def show_memory(clients, before, after):
    total = before.free - after.free
    parts = [
        ("echod, resident", after.servers),
        ("kernel stacks", after.growth("KernelStack", before)),
        ("slab: threads and sockets", after.growth("Slab", before)),
        ("page tables", after.growth("PageTables", before)),
        ("echoc, resident", after.holders),
    ]
    # Linux keeps 32 kB of send buffers for each thread that has written.
    rest = total - sum(kb for _, kb in parts)
    parts += [("the rest, mostly send buffers of threads", rest),
              ("total", total)]
    say(f"  {'memory':<40}{'MB':>12}{'kB per client':>16}")
    for label, kb in parts:
        say(f"  {label:<40}{kb / 1e3:>12,.1f}{kb / clients:>16.2f}")


def show_ping(label, times):
    line(label, f"{times['p50'] * 1000:,.0f} µs",
         f"p99 {times['p99'] * 1000:,.0f} µs")


def check_totals(servers, clients, pings):
    """The servers counted every client and every byte."""
    totals = [sum(column) for column in
              zip(*[server.totals() for server in servers])]
    connected = clients + sum(one["connects"] for one in pings)
    echoed = SIZE * (clients + sum(one["echoed"] for one in pings))
    if totals != [connected, 0, 0, echoed, 0]:
        raise Failed(f"the servers counted {totals}, "
                     f"not {[connected, 0, 0, echoed, 0]}")
    line("counted by the servers", f"{connected:,}",
         f"clients, {echoed:,} bytes")
    say()


def run(clients, count, descriptors, servers, holders):
    """Append what is started to servers and holders."""
    before = Memory()
    port = start_servers(servers, count)
    seconds = hold(holders, clients, port, descriptors)
    line("clients served, one round trip each", f"{clients:,}",
         f"in {seconds:.2f} s")
    line("servers on one port", f"{count}",
         f"up to {max(map(threads, servers)):,} threads")
    time.sleep(SETTLE_SECONDS)
    after = Memory(servers, holders)
    pings = [ping(port), ping(port, "--new")]
    show_ping("round trip of one more client, median",
              pings[0]["round_trip_ms"])
    show_ping("first round trip of new clients, median",
              pings[1]["round_trip_ms"])
    seconds = stop(servers, holders)
    line("stopped with all clients connected", f"{seconds:.2f} s")
    check_totals(servers, clients, pings)
    show_memory(clients, before, after)


def threads(server):
    return int(procfs.stat(server.pid)[THREADS])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int, default=100000, metavar="N")
    wanted = max(1, parser.parse_args().clients)
    exit_on_signals()
    descriptors = raise_descriptor_limit()
    say(f"\n  {wanted:,} clients at once, each with a blocked thread\n")
    for name, value in machine.facts(os.path.dirname(__file__)):
        if name in ("Date", "echod", "Processor", "Memory", "System"):
            say(f"  {name:<12}{value}"[:80])
    say()
    servers, holders = [], []
    with limits.Raised() as raised:
        try:
            clients, count = fit_limits(raised, wanted, descriptors)
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
