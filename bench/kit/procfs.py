# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""procfs: figures about processes and the machine, from /proc."""
import os
import re

TICK = os.sysconf("SC_CLK_TCK")
PAGE_KB = os.sysconf("SC_PAGE_SIZE") // 1024
PARENT, SESSION, USER_TIME, TIMES_END = 1, 3, 11, 15


def read(path, default=""):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError:
        return default


def number(path, default=None):
    """The number that the file holds; the default for "max" or no file."""
    text = read(path).strip()
    return int(text) if text.isdigit() else default


def sysctl(name, value=None):
    """Set it if a value is given; return the current value, or None."""
    path = "/proc/sys/" + name.replace(".", "/")
    if value is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(str(value))
    return number(path)


def stat(pid):
    """The fields from "state" on, proc_pid_stat(5)."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def processes_of(leader):
    """All processes of the leader's session, and their descendants."""
    stats = {int(name): stat(name) for name in os.listdir("/proc")
             if name.isdigit()}
    found = {pid for pid, fields in stats.items()
             if fields and int(fields[SESSION]) == leader}
    grown = True
    while grown:
        more = {pid for pid, fields in stats.items()
                if fields and int(fields[PARENT]) in found}
        grown = not more <= found
        found |= more
    return sorted(found)


def cpu_seconds(leader):
    """User and system time of these, and of their children that ended."""
    return sum(int(field) for pid in processes_of(leader)
               for field in stat(pid)[USER_TIME:TIMES_END]) / TICK


def resident_kb(pid):
    """Proportional: of a shared page each process counts its share."""
    found = re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"),
                      re.MULTILINE)
    return int(found.group(1)) if found else 0


def total_resident_kb(leader):
    return sum(resident_kb(pid) for pid in processes_of(leader))


def memory():
    """/proc/meminfo as {name: kB}."""
    return {name: int(kb) for name, kb in
            re.findall(r"^(\w+):\s+(\d+) kB", read("/proc/meminfo"),
                       re.MULTILINE)}


def free_kb():
    """Free memory, caches, and the free pages that each processor keeps.

    The last are in /proc/zoneinfo. MemFree and MemAvailable leave them out,
    which can be hundreds of megabytes.
    """
    per_cpu = sum(int(count) for count in re.findall(
        r"^\s+count:\s+(\d+)", read("/proc/zoneinfo"), re.MULTILINE))
    now = memory()
    return (now["MemFree"] + now["Buffers"] + now["Cached"]
            + per_cpu * PAGE_KB)


def cgroup_limit(name):
    """The lowest limit of this process's control group and its ancestors.

    Reads versions 1 and 2 of the interface; None if there is no limit.
    """
    lowest = None
    for line in read("/proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        folder = "/sys/fs/cgroup" + ("/" + controllers if controllers else "")
        while True:
            limit = number(f"{folder}{path}/{name}")
            if limit is not None and (lowest is None or limit < lowest):
                lowest = limit
            if path in ("", "/"):
                break
            path = os.path.dirname(path)
    return lowest


def processor():
    found = re.search(r"^model name\s*:\s*(.+)", read("/proc/cpuinfo"),
                      re.MULTILINE)
    return found.group(1) if found else "unknown"
