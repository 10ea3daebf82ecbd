#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A client sends and sends before it reads. No server can mend that."""
import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import connect, ordinary, receive, send_until_full
from kit.demo import run
from kit.server import Failure

SIZE = 7_000_000  # usually more than the buffers hold
MOST = 70_000_000  # always, with the limits that Linux has


def demo(server, say):
    server.start()
    ordinary(server, 'the first client')
    data = os.urandom(SIZE)
    with connect(server, buffers=65536) as client:
        sent = send_until_full(client, data * (MOST // SIZE), still=1)
        say(f'Client A sends and does not read. After {sent} bytes it stands '
            'still, and so does the server: each waits for the other to read.')
    with connect(server, buffers=65536) as client:

        def send():
            try:
                client.sendall(data)
            except OSError:
                pass  # the reader will see it
        threading.Thread(target=send, daemon=True).start()
        echo, end = receive(client, SIZE)
        say(f'Client B reads while it sends. It has {len(echo)} bytes back.')
    if sent >= MOST:
        raise Failure('the buffers of this machine hold all of it')
    if echo != data:
        raise Failure(f'the echo is wrong or ends early: {end}')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
