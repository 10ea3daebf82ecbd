# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
#
# Read one line of JSON from standard input and print the members that are named,
# as NAME VALUE; a.b is the member b of the member a.
import json
import sys

text = sys.stdin.read()
assert text.count("\n") == 1
for name in sys.argv[1:]:
    value = json.loads(text)
    for member in name.split("."):
        value = value[member]
    print(name, json.dumps(value))
