#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Clients reset their connections."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, exchange, reset
from kit.demo import run, scene
from kit.server import wait_for


def demo(server, say):
    with scene(server):
        for number in range(1, 21):
            client = connect(server)
            exchange(client, MESSAGE)
            port = client.getsockname()[1]
            reset(client)
            wait_for(lambda: not server.has_connection_from(port))
            if number == 1:
                say('A client has its echo, and resets the connection.')
            if not server.is_running():
                break
        else:
            say('Twenty clients have done so.')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
