#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Measure the memory of an idle client, and how many one echod can serve.

    bench/memory.py [--clients N] [COMMAND...]

Start COMMAND (default: ./echod 127.0.0.1:0), whose first line must end in
":PORT". Connect N clients (default: as many as the descriptors allow, at most
19,900), and make a round trip of 64 bytes with each. Then print the resident
memory of a client, the time to serve all of them, and the time to stop.
"""
import argparse
import re
import resource
import socket
import subprocess
import time

IP_BIND_ADDRESS_NO_PORT = 24
MESSAGE = bytes(64)
WARM_UP = 100


def resident_kb(pid):
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return int(re.search(r"Rss:\s+(\d+)", file.read()).group(1))


def connect(port, number):
    """Connect from one of eight addresses: each has its own local ports."""
    client = socket.socket()
    client.setsockopt(socket.SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1)
    client.bind((f"127.0.0.{2 + number % 8}", 0))
    client.connect(("127.0.0.1", port))
    return client


def round_trip(client):
    client.sendall(MESSAGE)
    reply = b""
    while len(reply) < len(MESSAGE):
        chunk = client.recv(len(MESSAGE) - len(reply))
        if not chunk:
            raise SystemExit("memory: a client was closed without its reply")
        reply += chunk
    if reply != MESSAGE:
        raise SystemExit("memory: a reply differs from its message")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clients", type=int)
    parser.add_argument("command", nargs="*",
                        default=["./echod", "127.0.0.1:0"])
    options = parser.parse_args()

    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    count = options.clients or min(19900, hard - 100)

    server = subprocess.Popen(options.command, stdout=subprocess.PIPE,
                              text=True)
    port = int(server.stdout.readline().rsplit(":", 1)[1])
    clients = [connect(port, i) for i in range(WARM_UP)]
    for client in clients:
        round_trip(client)

    before = resident_kb(server.pid)
    start = time.monotonic()
    clients += [connect(port, i) for i in range(count - WARM_UP)]
    for client in clients[WARM_UP:]:
        round_trip(client)
    served = time.monotonic() - start
    each = (resident_kb(server.pid) - before) / (count - WARM_UP)
    for client in clients:
        round_trip(client)

    start = time.monotonic()
    server.terminate()
    lines = server.stdout.read().count("\n")
    status = server.wait()
    stopped = time.monotonic() - start

    print(f"{count} clients at once, served in {served:.1f} s")
    print(f"{each:.2f} kB of resident memory for each client")
    print(f"stopped in {stopped:.2f} s; status {status}, {lines} log lines")


if __name__ == "__main__":
    main()
