#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Clients of "localhost" come over IPv6 first."""
import os
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, exchange
from kit.demo import run, scene
from kit.server import CannotShow


def demo(server, say):
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(('::1', 0))
    except OSError as error:
        raise CannotShow(f'this machine has no ::1: {error}') from None
    with scene(server):
        for address in '127.0.0.1', '::1':
            with connect(server, address) as client:
                exchange(client, MESSAGE, f'a client of {address}')
            say(f'A client of {address} is served.')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
