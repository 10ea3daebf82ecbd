# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""plan: the tests, their order, and the figures of each."""
import dataclasses
import time

from kit import load, procfs
from kit.process import Failed, Process, free_port, wait_until_it_echoes

SETTLE_SECONDS = 0.2
SPARE_DESCRIPTORS = 100
CLIENTS_PER_SECOND = 5000  # above, a measurement takes longer
TAIL_CLIENTS = 1000  # from here on, some wait long: see duration()
GIGA = 1e9


@dataclasses.dataclass(frozen=True)
class Test:
    kind: str  # bulk, trips, churn or hold
    clients: int
    growth: bool = False  # only for the curves

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
    tail_seconds: float  # of round trips with many clients
    timeout: float  # seconds to wait for a reply
    tests: tuple


BASIC = (
    Test("bulk", 1), Test("bulk", 4),
    Test("trips", 1), Test("trips", 100), Test("trips", 1000),
    Test("churn", 1), Test("churn", 50),
    Test("hold", 1000),
)
FULL = Plan(3, 2, 0.6, 2, 10, BASIC + (
    Test("trips", 10, True), Test("trips", 5000, True),
    Test("trips", 10000, True),
    Test("hold", 1, True), Test("hold", 10, True), Test("hold", 100, True),
    Test("hold", 10000, True),
))
QUICK = Plan(1, 1, 0.25, 1, 5, BASIC + (
    Test("hold", 1, True), Test("hold", 100, True),
))


def with_rounds(plan, rounds):
    return dataclasses.replace(
        plan, rounds=rounds, growth_rounds=min(rounds, plan.growth_rounds))


def with_kinds(plan, kinds):
    return dataclasses.replace(
        plan, tests=tuple(test for test in plan.tests if test.kind in kinds))


def limit_clients(servers, descriptors):
    """Lower each server's clients to what the limit on descriptors allows."""
    for server in servers:
        clients = (descriptors - SPARE_DESCRIPTORS) // server.descriptors
        if clients < server.max_clients:
            server.max_clients = clients
            server.max_reason = (f"each takes {server.descriptors} of "
                                 f"{descriptors:,} descriptors")


def applies(test, server):
    return server.has_curve or not test.growth


def bulk(figures, cpu):
    return {"bytes_per_second": figures["bytes_per_second"],
            "cpu_seconds_per_gb": cpu / (figures["bytes"] / GIGA)}


def trips(figures, cpu):
    return {"trips_per_second": figures["messages_per_second"],
            "p50_us": figures["round_trip_ms"]["p50"] * 1000,
            "p99_us": figures["round_trip_ms"]["p99"] * 1000,
            "p99.9_us": figures["round_trip_ms"]["p999"] * 1000,
            "cpu_ms_per_1000": cpu / figures["echoed"] * 1e6}


def churn(figures, cpu):
    return {"connections_per_second": figures["messages_per_second"],
            "cpu_ms_per_1000": cpu / figures["echoed"] * 1e6}


KINDS = ("bulk", "trips", "churn", "hold")
RUNS = {
    "bulk": (["--stream"], bulk),
    "trips": ([], trips),
    "churn": (["--churn"], churn),
}


def addresses(server):
    """Clients connect from several addresses, for more local ports.

    Not to a server that looks up names: most of these addresses have none.
    """
    return [] if server.looks_up else [load.BIND]


def duration(test, plan):
    """Seconds. A measurement shows no wait that is longer than itself."""
    has_tail = test.kind == "trips" and test.clients >= TAIL_CLIENTS
    return max(plan.tail_seconds if has_tail else plan.seconds,
               test.clients / CLIENTS_PER_SECOND)


def measure_load(echoc, server, port, test, plan, bind):
    options, pick = RUNS[test.kind]
    options = options + (bind if test.kind == "churn" else [])
    before = procfs.cpu_seconds(server.pid)
    figures = load.run(echoc, port, test.clients, duration(test, plan),
                       plan.timeout, options)
    cpu = procfs.cpu_seconds(server.pid) - before
    if figures["echoed"] == 0:
        raise Failed("no bytes came back")
    return {"seconds": figures["seconds"], **pick(figures, cpu)}


def memory(server):
    """kB: resident in the server, free in the machine."""
    time.sleep(SETTLE_SECONDS)
    return procfs.total_resident_kb(server.pid), procfs.free_kb()


def measure_hold(echoc, server, port, test, plan, bind):
    own, free = memory(server)
    own_held, free_held = load.hold(
        echoc, port, test.clients, plan.timeout, bind, lambda: memory(server))
    return {"resident_kb": own_held,
            "kb_per_client": (own_held - own) / test.clients,
            "machine_kb_per_client": (free - free_held) / test.clients}


def measure(echoc, server, test, plan):
    """Start the server and make one measurement."""
    port = free_port()
    bind = addresses(server)
    with Process(server.command(port)) as process:
        wait_until_it_echoes(process, port)
        run = measure_hold if test.kind == "hold" else measure_load
        return run(echoc, process, port, test, plan, bind)


def steps(plan, servers):
    """Yield (round, test, server); each round begins with another server."""
    for number in range(plan.rounds):
        first = number * len(servers) // plan.rounds
        for test in plan.tests:
            if test.growth and number >= plan.growth_rounds:
                continue
            for server in servers[first:] + servers[:first]:
                if (applies(test, server)
                        and test.clients <= server.max_clients):
                    yield number + 1, test, server
