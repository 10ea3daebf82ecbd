# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""limits: whether a machine has room for so many threads and sockets.

Knows Linux's limits and what a client takes of each. Must not know how the
clients come about.
"""
import dataclasses
import os
import resource
from typing import Callable

from kit import procfs

CLIENT_KB = 75          # both ends, the kernel's part included
SPARE_KB = 512 * 1024   # for the rest of the machine
SPARE_THREADS = 1000
SPARE_FILES = 1000
SPARE_MAPS = 1100       # of a server
SPARE_DESCRIPTORS = 40  # of a server or of a client
FULL = 0.7              # of the local ports: beyond, they are hard to find
SHORT_QUEUE = 1024


@dataclasses.dataclass
class Limit:
    name: str
    has: int
    each: float         # what a client takes
    spare: int = 0      # what is taken already, or has to stay free
    sysctl: bool = False
    format: Callable = "{:,.0f}".format
    was: int = 0        # before it was raised

    def __post_init__(self):
        self.was = self.has

    def needs(self, clients):
        return int(clients * self.each) + self.spare

    def room(self):
        return max(0, int((self.has - self.spare) / self.each))

    def suffices(self, clients):
        return self.needs(clients) <= self.has

    def verdict(self, clients):
        if not self.suffices(clients):
            return f"room for {self.room():,}"
        if self.has != self.was:
            return f"raised to {self.format(self.has)}"
        return "enough"


def gigabytes(kb):
    return f"{kb / 1e6:.1f} GB"


def threads_now():
    """The second half of "running/all" in the fourth field, proc(5)."""
    return int(procfs.read("/proc/loadavg").split()[3].split("/")[1])


def local_ports():
    low, high = procfs.read(
        "/proc/sys/net/ipv4/ip_local_port_range").split()
    return int(high) - int(low) + 1


def shared(addresses):
    """The limits on all processes together, as they are now.

    addresses: how many local ones the clients connect from.
    """
    threads = threads_now() + SPARE_THREADS
    files = int(procfs.read("/proc/sys/fs/file-nr").split()[0]) + SPARE_FILES
    found = [
        Limit("kernel.pid_max", procfs.sysctl("kernel.pid_max"), 1, threads,
              True),
        Limit("kernel.threads-max", procfs.sysctl("kernel.threads-max"), 1,
              threads, True),
        Limit("fs.file-max", procfs.sysctl("fs.file-max"), 2, files),
        Limit("local ports", int(local_ports() * addresses * FULL), 1),
        Limit("memory", procfs.memory()["MemAvailable"], CLIENT_KB, SPARE_KB,
              format=gigabytes),
    ]
    tasks = procfs.control_group("pids.max")
    if tasks is not None:
        found.append(Limit("pids.max", tasks, 1, SPARE_THREADS))
    bytes_allowed = procfs.control_group("memory.max")
    if bytes_allowed is not None:
        found.append(Limit("memory.max", bytes_allowed // 1024, CLIENT_KB,
                           SPARE_KB, format=gigabytes))
    processes = resource.getrlimit(resource.RLIMIT_NPROC)[0]
    if os.geteuid() != 0 and processes != resource.RLIM_INFINITY:
        found.append(Limit("RLIMIT_NPROC", processes, 1, SPARE_THREADS))
    tracked = procfs.sysctl("net.netfilter.nf_conntrack_max")
    if tracked is not None:
        found.append(Limit("nf_conntrack_max", tracked, 1, SPARE_FILES))
    return found


def of_a_server(descriptors):
    """The limits on one process."""
    return [
        Limit("RLIMIT_NOFILE", descriptors, 1, SPARE_DESCRIPTORS),
        Limit("vm.max_map_count", procfs.sysctl("vm.max_map_count"), 2,
              SPARE_MAPS, True),
    ]


def queue():
    """How many newcomers can wait; fewer only makes it slower."""
    return procfs.sysctl("net.core.somaxconn")


class Raised:
    """sysctls that are raised in a with statement and put back at its end."""

    def __init__(self):
        self.before = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name, value in self.before.items():
            procfs.sysctl(name, value)

    def raise_for(self, limit, clients):
        """To the next power of two, if the limit is short and can be set."""
        if limit.suffices(clients) or not limit.sysctl:
            return
        wanted = 1 << limit.needs(clients).bit_length()
        try:
            procfs.sysctl(limit.name, wanted)
        except OSError:
            return
        self.before.setdefault(limit.name, limit.was)
        limit.has = procfs.sysctl(limit.name)
