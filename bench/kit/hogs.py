# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""hogs: processes that keep processors busy while servers are measured."""
import contextlib
import os
import sys

from kit.process import Process

STEPS = 10**6
# It ends by itself if the benchmark was killed.
LOOP = f"""import os
while os.getppid() == {{parent}}:
    for _ in range({STEPS}):
        pass
"""


@contextlib.contextmanager
def running(number):
    """This number of hogs, until the end of the with statement."""
    command = [sys.executable, "-c", LOOP.format(parent=os.getpid())]
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(Process(command))
        yield
