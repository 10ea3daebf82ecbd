#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""The server ends first, and is started again at once."""
import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import MESSAGE, connect, exchange, ordinary, receive
from kit.demo import run
from kit.server import (TIME_WAIT, CannotShow, end_children, has_socket,
                        wait_for)


def demo(server, say):
    server.start()
    ordinary(server, 'the first client')
    with connect(server) as client:
        exchange(client, MESSAGE)
        server.signal(signal.SIGTERM)
        wait_for(lambda: not server.is_running())
        end_children()
        receive(client, 1)
    say('The server was sent SIGTERM while a client was connected.')
    if not wait_for(lambda: has_socket(server.port, state=TIME_WAIT)):
        raise CannotShow('no connection is in the state TIME_WAIT')
    say(f'A connection of port {server.port} is in the state TIME_WAIT.')
    server.start(same_port=True)
    say('It was started again on the same port.')
    ordinary(server)


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
