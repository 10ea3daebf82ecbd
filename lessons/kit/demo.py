# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""How a demo runs: from the command line to its verdict.

A demo is a function of the server and of say(), which prints a line for the
person who watches. It raises Failure if the server does not pass, and CannotShow
if this machine cannot show it.
"""
import argparse
import contextlib
import os
import pwd
import resource
import signal
import sys
import time

from . import apart
from .clients import ordinary, witness
from .pages import wrapped
from .server import (ATE_MEMORY, CannotShow, Failure, Server, command_from,
                     end_children, wait_for)

PASS, FAIL, USAGE, CANNOT_SHOW = 0, 1, 2, 3
TIME_LIMIT = 90  # seconds, and --limit besides; no demo takes so long
MEMORY_LIMIT_KB = 2 << 20
LOOK_SECONDS = 0.5  # how often the limits are looked at


@contextlib.contextmanager
def scene(server, **limits):
    """Start the server. Before the scene it must serve an ordinary client, also
    while another is connected. Afterwards it must run, serve those that were
    there and a new one, and have left no zombies."""
    server.start(**limits)
    try:
        ordinary(server, 'the first client')
        with witness(server):
            ordinary(server, 'a second client')
            yield
            check_running(server)
            ordinary(server, 'a new client, afterwards,')
    except Failure:
        # What a client sees is the effect; a server that ended is the cause.
        wait_for(lambda: not server.is_running(), 0.2)
        check_running(server)
        raise
    check_running(server)
    left = zombies_that_stay(server)
    if left > 1:  # a server may collect one when the next client comes
        raise Failure(f'the server left {left} zombies')


def zombies_that_stay(server):
    """How many there are when their number has not fallen for a second."""
    left = server.zombies()
    while left > 1 and wait_for(lambda: server.zombies() < left, 1):
        left = server.zombies()
    return left


def check_running(server):
    if not server.is_running():
        raise Failure(f'the server has {server.how_it_ended()}' +
                      (f'; its last line: {server.last_line}'
                       if server.last_line else ''))


def arguments():
    parser = argparse.ArgumentParser(
        usage='%(prog)s [--limit S] [--user NAME] COMMAND [ARGUMENT]...',
        description='COMMAND runs the server. {port} in it is replaced by a '
        'port; without {port}, the port is added as the last argument.')
    parser.add_argument('--limit', type=float, default=10, metavar='S',
                        help='how long a silent client may keep its place, in '
                        'seconds (10)')
    parser.add_argument('--user', metavar='NAME',
                        help='run the server as this user, if run by root')
    parser.add_argument('--apart', action='store_true',
                        help='in PID and network namespaces of its own, if run '
                        'by root')
    parser.add_argument('command', nargs=argparse.REMAINDER,
                        help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.command[:1] == ['--']:
        del options.command[0]
    if not options.command:
        parser.error('which server?')
    return options


def user_ids(name):
    if name is None or os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(name)
    return entry.pw_uid, entry.pw_gid


def watch_limits(server, seconds):
    """From now on raise Failure when the time is up, or the server has eaten
    the memory."""
    end = time.monotonic() + seconds

    def look(_number, _frame):
        if time.monotonic() > end:
            failure = f'the demo takes longer than {seconds:g} s'
        elif (server.resident_kb() > MEMORY_LIMIT_KB and
                server.memory_kb() > MEMORY_LIMIT_KB):
            failure = f'{ATE_MEMORY} {MEMORY_LIMIT_KB >> 20} GiB'
        else:
            return
        stop_watching()
        raise Failure(failure)
    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)


def stop_watching():
    signal.setitimer(signal.ITIMER_REAL, 0)


def show(line):
    """Print a line: as one to a program, wrapped on a terminal."""
    print(wrapped(line) if sys.stdout.isatty() else line, flush=True)


def run(demo, title):
    """Run the demo on the command line's server. Return the exit status."""
    options = arguments()
    if sys.platform != 'linux':
        show('CANNOT SHOW: this demo needs the /proc of Linux')
        return CANNOT_SHOW
    apart.end_with_parent(signal.SIGTERM)
    if options.apart and os.geteuid() == 0:
        apart.enter()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    server = Server(command_from(options.command), user_ids(options.user))
    server.limit = options.limit
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(FAIL))
    watch_limits(server, TIME_LIMIT + options.limit)
    show(title.splitlines()[0])
    try:
        demo(server, lambda text: show('  ' + text))
    except Failure as failure:
        show(f'FAIL: {failure}')
        return FAIL
    except ConnectionError as error:
        show(f'FAIL: a client was cut off: {error.strerror}')
        return FAIL
    except CannotShow as reason:
        show(f'CANNOT SHOW: {reason}')
        return CANNOT_SHOW
    except KeyboardInterrupt:
        show('interrupted')
        return FAIL
    finally:
        stop_watching()
        server.release_output()
        end_children()
    show('PASS')
    return PASS
