# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""plan: what is measured, in which order, and what comes of each measurement.

Knows the measurements. Must not know how they are shown.
"""
import dataclasses
import time

from kit import load, procfs
from kit.process import Failed, Process, free_port, wait_until_it_serves

SETTLE_SECONDS = 0.2
CLIENTS_A_SECOND = 5000  # where there are more it takes longer
GIGA = 1e9


@dataclasses.dataclass(frozen=True)
class Test:
    kind: str  # bulk, trips, churn or hold
    clients: int
    growth: bool = False  # only to draw the curves

    def __str__(self):
        names = {"bulk": "bulk", "trips": "round trips",
                 "churn": "connections", "hold": "idle"}
        plural = "s" if self.clients != 1 else ""
        return f"{names[self.kind]}, {self.clients:,} client{plural}"


@dataclasses.dataclass(frozen=True)
class Plan:
    rounds: int
    growth_rounds: int
    seconds: float
    patience: float  # seconds without a reply
    tests: tuple


BASIC = (
    Test("bulk", 1), Test("bulk", 4),
    Test("trips", 1), Test("trips", 100), Test("trips", 1000),
    Test("churn", 1), Test("churn", 50),
    Test("hold", 1000),
)
FULL = Plan(3, 2, 0.6, 5, BASIC + (
    Test("trips", 10, True), Test("trips", 10000, True),
    Test("hold", 1, True), Test("hold", 10, True), Test("hold", 100, True),
    Test("hold", 10000, True),
))
QUICK = Plan(1, 1, 0.25, 2, BASIC + (
    Test("hold", 1, True), Test("hold", 100, True),
))


SPARE_DESCRIPTORS = 100


def with_rounds(plan, rounds):
    return dataclasses.replace(
        plan, rounds=rounds, growth_rounds=min(rounds, plan.growth_rounds))


def lower_to(servers, descriptors):
    """How many clients the limit on descriptors leaves each server."""
    for server in servers:
        most = (descriptors - SPARE_DESCRIPTORS) // server.descriptors
        if most < server.most:
            server.most = most
            server.why = (f"{server.descriptors} of {descriptors:,} "
                          "descriptors for each")


def is_for(test, server):
    return server.grows or not test.growth


def bulk(figures, cpu):
    return {"bytes_per_second": figures["bytes_per_second"],
            "cpu_seconds_per_gb": cpu / (figures["bytes"] / GIGA)}


def trips(figures, cpu):
    return {"trips_per_second": figures["messages_per_second"],
            "p50_us": figures["round_trip_ms"]["p50"] * 1000,
            "p99_us": figures["round_trip_ms"]["p99"] * 1000,
            "cpu_ms_per_1000": cpu / figures["echoed"] * 1e6}


def churn(figures, cpu):
    return {"connections_per_second": figures["messages_per_second"],
            "cpu_ms_per_1000": cpu / figures["echoed"] * 1e6}


RUNS = {
    "bulk": (["--stream"], bulk),
    "trips": ([], trips),
    "churn": (["--churn"], churn),
}


def addresses(server):
    """From several, so that local ports do not run short."""
    return [] if server.looks_up else [load.SEVERAL]


def measure_load(echoc, server, port, test, plan, bind):
    words, pick = RUNS[test.kind]
    words = words + (bind if test.kind == "churn" else [])
    seconds = max(plan.seconds, test.clients / CLIENTS_A_SECOND)
    before = procfs.cpu_seconds(server.pid)
    figures = load.run(echoc, port, test.clients, seconds, plan.patience,
                       words)
    cpu = procfs.cpu_seconds(server.pid) - before
    if figures["echoed"] == 0:
        raise Failed("nothing came back")
    return {"seconds": figures["seconds"], **pick(figures, cpu)}


def look(server):
    time.sleep(SETTLE_SECONDS)
    return procfs.family_resident_kb(server.pid), procfs.free_kb()


def measure_hold(echoc, server, port, test, plan, bind):
    own, free = look(server)
    own_held, free_held = load.hold(
        echoc, port, test.clients, plan.patience, bind, lambda: look(server))
    return {"resident_kb": own_held,
            "kb_per_client": (own_held - own) / test.clients,
            "machine_kb_per_client": (free - free_held) / test.clients}


def measure(echoc, server, test, plan):
    """One measurement with a server that was started for it."""
    port = free_port()
    bind = addresses(server)
    with Process(server.command(port)) as process:
        wait_until_it_serves(process, port)
        how = measure_hold if test.kind == "hold" else measure_load
        return how(echoc, process, port, test, plan, bind)


def steps(plan, servers):
    """(round, test, server), servers in turn, others first in each round."""
    for number in range(plan.rounds):
        first = number * len(servers) // plan.rounds
        for test in plan.tests:
            if test.growth and number >= plan.growth_rounds:
                continue
            for server in servers[first:] + servers[:first]:
                if is_for(test, server) and test.clients <= server.most:
                    yield number + 1, test, server
