#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""All 256 byte values are sent, a NUL among them."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import ordinary
from kit.demo import run


def demo(server, say):
    server.start()
    say('A client sends the letters "hello".')
    ordinary(server, 'a client', b'hello\n')
    say('Another sends three bytes: a, NUL, b.')
    ordinary(server, 'a client', b'a\0b')
    say('Another sends the bytes 0 to 255, each once.')
    ordinary(server, 'a client', bytes(range(256)))


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
