#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Five hundred clients are connected at once."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, exchange
from kit.demo import run, scene


CLIENTS = 500
GIB = 1 << 30


def demo(server, say):
    with scene(server):
        server.limit_address_space(GIB)
        say('The server may have 1 GiB of address space more than it has.')
        clients = []
        for number in range(1, CLIENTS + 1):
            clients.append(connect(server))
            exchange(clients[-1], MESSAGE, f'client {number}')
        say(f'{CLIENTS} clients are connected, and all are answered.')
        for client in clients:
            client.close()


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
