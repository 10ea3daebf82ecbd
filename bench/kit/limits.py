# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""limits: Linux's limits on threads, sockets and memory.

A Limit has the amount that each client takes, and so the number it allows.
"""
import dataclasses
import os
import resource
from typing import Callable

from kit import procfs

CLIENT_KB = 75          # of memory for both ends, with the kernel's part
SPARE_KB = 512 * 1024   # for the rest of the machine
SPARE_THREADS = 1000
SPARE_FILES = 1000
SPARE_MAPS = 1100       # in each server
SPARE_DESCRIPTORS = 40  # in each server or echoc
PORTS_USED = 0.7        # of the local ports: above, a free one is hard to find
SHORT_QUEUE = 1024


@dataclasses.dataclass
class Limit:
    name: str
    value: int
    per_client: float
    spare: int = 0      # in use already, or kept free
    is_sysctl: bool = False
    format: Callable = "{:,.0f}".format
    original: int = 0   # the value before it was raised

    def __post_init__(self):
        self.original = self.value

    def needs(self, clients):
        return int(clients * self.per_client) + self.spare

    def capacity(self):
        return max(0, int((self.value - self.spare) / self.per_client))

    def suffices(self, clients):
        return self.needs(clients) <= self.value

    def verdict(self, clients):
        if not self.suffices(clients):
            return f"allows {self.capacity():,} clients"
        if self.value != self.original:
            return f"raised to {self.format(self.value)}"
        return "enough"


def gigabytes(kb):
    return f"{kb / 1e6:.1f} GB"


def threads_now():
    """From the fourth field, "running/all", proc(5)."""
    return int(procfs.read("/proc/loadavg").split()[3].split("/")[1])


def local_ports():
    low, high = procfs.read(
        "/proc/sys/net/ipv4/ip_local_port_range").split()
    return int(high) - int(low) + 1


def shared(addresses):
    """The limits on all processes together.

    addresses: the number of local addresses that the clients connect from.
    """
    threads = threads_now() + SPARE_THREADS
    files = int(procfs.read("/proc/sys/fs/file-nr").split()[0]) + SPARE_FILES
    found = [
        Limit("kernel.pid_max", procfs.sysctl("kernel.pid_max"), 1, threads,
              True),
        Limit("kernel.threads-max", procfs.sysctl("kernel.threads-max"), 1,
              threads, True),
        Limit("fs.file-max", procfs.sysctl("fs.file-max"), 2, files),
        Limit("local ports", int(local_ports() * addresses * PORTS_USED), 1),
        Limit("memory", procfs.memory()["MemAvailable"], CLIENT_KB, SPARE_KB,
              format=gigabytes),
    ]
    tasks = procfs.cgroup_limit("pids.max")
    if tasks is not None:
        found.append(Limit("pids.max", tasks, 1, SPARE_THREADS))
    bytes_allowed = procfs.cgroup_limit("memory.max")
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


def per_server(descriptors):
    """The limits on one server process."""
    return [
        Limit("RLIMIT_NOFILE", descriptors, 1, SPARE_DESCRIPTORS),
        Limit("vm.max_map_count", procfs.sysctl("vm.max_map_count"), 2,
              SPARE_MAPS, True),
    ]


def accept_queue():
    """The longest accept queue; a short one only takes more time."""
    return procfs.sysctl("net.core.somaxconn")


class Raised:
    """Raises sysctls; the end of its with statement restores them."""

    def __init__(self):
        self.before = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for name, value in self.before.items():
            procfs.sysctl(name, value)

    def raise_for(self, limit, clients):
        """Raise a limit that is too low to a power of two, if possible."""
        if limit.suffices(clients) or not limit.is_sysctl:
            return
        value = 1 << limit.needs(clients).bit_length()
        try:
            procfs.sysctl(limit.name, value)
        except OSError:
            return
        self.before.setdefault(limit.name, limit.original)
        limit.value = procfs.sysctl(limit.name)
