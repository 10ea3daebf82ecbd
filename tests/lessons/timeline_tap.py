# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""TAP lines of the tests of lessons/timeline."""
failures = 0
count = 0


def report(name, good, details=""):
    global count, failures
    count += 1
    failures += not good
    print(f"{'' if good else 'not '}ok {count} - {name}", flush=True)
    if not good:
        print("".join(f"# {line}\n" for line in str(details).splitlines()),
              end="", flush=True)


def same(name, found, expected):
    report(name, found == expected, f"found    {found}\nexpected {expected}")


def finish():
    print(f"1..{count}")
    return failures > 0
