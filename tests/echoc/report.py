# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# Look at an object of "echoc load --json" in a file:
#
#   sums FILE             the intervals and the buckets add up to the totals
#   options FILE COMMAND  its options are those that --help, on standard input,
#                         has for the command
#   start FILE            the start is a time as in RFC 3339, within this hour
#   values FILE           print the options, sorted
import datetime
import json
import re
import sys


def check_sums(report):
    intervals = report["intervals"]
    times = report["round_trip_ms"]["count"]
    seconds = sum(interval["seconds"] for interval in intervals)
    rate = sum(interval["echoed"] for interval in intervals)
    counted = sum(interval["round_trip_ms"]["count"] for interval in intervals)
    errors = sum(interval["errors"] for interval in intervals)
    assert intervals, "there are none"
    assert errors == sum(report["errors"].values()), errors
    assert sum(bucket[2] for bucket in report["buckets"]) == times
    assert all(low < high for low, high, _ in report["buckets"])
    assert abs(intervals[-1]["end_seconds"] - seconds) < 1e-6
    assert all(interval["seconds"] > 0 for interval in intervals)
    assert counted == times, (counted, times)
    if report["options"]["time"] and report["mode"] in ("round-trip", "stream"):
        assert intervals[-1]["up"] == report["clients"], intervals[-1]["up"]
    if report["options"]["count"]:
        assert rate == report["echoed"], rate
        assert rate + report["lost"] == report["options"]["count"], rate
    else:
        assert rate <= report["echoed"]


# The options of a section such as "ping, load:"; "All commands:" is for all.
def help_options(text, command):
    names = set()
    is_here = False
    for line in text.splitlines():
        if re.match("[a-zA-Z].*:$", line):
            is_here = line.startswith("All ") or \
                command in re.split("[:, ]+", line)
        option = re.match("  (?:-.,|   ) --([a-z-]+)", line)
        if is_here and option:
            names.add(option[1].replace("-", "_"))
    return names


def check_options(report, command):
    printed = set(report["options"])
    asked = help_options(sys.stdin.read(), command)
    asked = asked - {"help", "version", "timeout"} | {"family"}
    assert len(asked) > 4
    assert printed == asked, printed ^ asked


def check_start(report):
    text = report["start"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text), text
    start = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    age = datetime.datetime.now(datetime.timezone.utc) - start
    assert datetime.timedelta(0) <= age < datetime.timedelta(hours=1), age
    assert report["schema"] == 1
    assert re.fullmatch(r"\d+\.\d+\.\d+", report["version"])


with open(sys.argv[2], encoding="utf-8") as file:
    REPORT = json.load(file)
if sys.argv[1] == "sums":
    check_sums(REPORT)
elif sys.argv[1] == "options":
    check_options(REPORT, sys.argv[3])
elif sys.argv[1] == "start":
    check_start(REPORT)
else:
    for name, value in sorted(REPORT["options"].items()):
        print(name, json.dumps(value))
