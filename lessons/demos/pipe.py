#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Clients send much and leave without reading."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import connect
from kit.demo import run, scene
from kit.server import wait_for


SIZE = 60_000  # what a socket takes while nobody reads


def leave_unread(server):
    """The server stands still until the client has gone. Then it reads what was
    sent, and its second write finds a connection that was reset."""
    client = connect(server)
    port = client.getsockname()[1]
    server.pause()
    client.sendall(bytes(SIZE))
    client.close()
    server.go_on()
    wait_for(lambda: not server.is_running() or
             not server.has_connection_from(port))


def demo(server, say):
    with scene(server):
        for number in range(5):
            leave_unread(server)
            if number == 0:
                say(f'A client sends {SIZE} bytes, and closes the connection '
                    'before it has read one.')
            if not server.is_running():
                return
        say('Five clients have done so.')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
