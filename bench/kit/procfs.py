# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""procfs: what Linux says about processes and about the machine.

Knows the files below /proc. Must not know what is measured, or why.
"""
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
    """The number in a file of one; "max" and no file are the default."""
    text = read(path).strip()
    return int(text) if text.isdigit() else default


def sysctl(name, value=None):
    """Set it, if there is a value; return what it is, or None."""
    path = "/proc/sys/" + name.replace(".", "/")
    if value is not None:
        with open(path, "w", encoding="utf-8") as file:
            file.write(str(value))
    return number(path)


def stat(pid):
    """The fields after the name, proc(5): state, parent, group, session..."""
    return read(f"/proc/{pid}/stat").rpartition(")")[2].split()


def family(leader):
    """A process that leads its session, whoever shares it, and offspring."""
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
    """User and system time of the family, and of its children that ended."""
    return sum(int(field) for pid in family(leader)
               for field in stat(pid)[USER_TIME:TIMES_END]) / TICK


def resident_kb(pid):
    """Proportional: a page that several processes share is counted once."""
    found = re.search(r"^Pss:\s+(\d+)", read(f"/proc/{pid}/smaps_rollup"),
                      re.MULTILINE)
    return int(found.group(1)) if found else 0


def family_resident_kb(leader):
    return sum(resident_kb(pid) for pid in family(leader))


def memory():
    """/proc/meminfo: kB by name."""
    return {name: int(kb) for name, kb in
            re.findall(r"^(\w+):\s+(\d+) kB", read("/proc/meminfo"),
                       re.MULTILINE)}


def free_kb():
    """Nobody's, a cache's, or kept at hand by a processor.

    The last, in the lists of /proc/zoneinfo, is missing in MemFree and in
    MemAvailable, which are off by hundreds of megabytes for it.
    """
    kept = sum(int(count) for count in re.findall(
        r"^\s+count:\s+(\d+)", read("/proc/zoneinfo"), re.MULTILINE))
    now = memory()
    return (now["MemFree"] + now["Buffers"] + now["Cached"]
            + kept * PAGE_KB)


def control_group(name):
    """The lowest of a control group's limits from this process's upwards.

    In version 2 of the interface or in 1; None where nothing limits it.
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
