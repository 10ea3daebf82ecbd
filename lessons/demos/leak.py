#!/usr/bin/env python3
# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""A thousand clients come and go, one after another."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), '..'))

from kit.clients import ordinary
from kit.demo import run, scene
from kit.server import Failure, status_field


CLIENTS = 1000
FIRST = 200  # until then, the server may keep some memory to use it again
GIB = 1 << 30
LIMIT_KB = 6  # for each of the others; a thread's stack has more in use


def demo(server, say):
    with scene(server):
        server.limit_address_space(GIB)
        before = status_field(server.process.pid, 'VmSize')
        say(f'The server has an address space of {before}. It may have 1 GiB '
            'more.')
        for number in range(1, CLIENTS + 1):
            try:
                ordinary(server)
            except Failure as failure:
                raise Failure(f'client {number}, after the others had left: '
                              f'{failure}') from None
            if number == FIRST:
                memory = server.memory_kb()
        memory = server.memory_kb() - memory
        after = status_field(server.process.pid, 'VmSize')
        say(f'{CLIENTS} clients later it has {after}. Since client {FIRST} '
            f'it has taken {max(memory, 0)} kB of memory.')
    if memory > LIMIT_KB * (CLIENTS - FIRST):
        raise Failure(f'{memory} kB of memory are lost to {CLIENTS - FIRST} '
                      'clients that have left')


if __name__ == '__main__':
    sys.exit(run(demo, __doc__))
