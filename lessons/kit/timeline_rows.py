# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors
"""Calls -> the rows of a timeline: who ran and who was blocked when, in which
call, and who woke whom."""
import collections

from kit.strace import CLONES, WHOLE
from kit.wakers import READS, WAITS, WRITES, index, waker

# s. A call that may wait is called blocked if it took this long. A read or a
# poll needs less if it is known who ended the wait: that began after it. strace
# alone makes a call take up to 0.1 ms; the clients are not under strace.
BLOCKED = 0.001
BLOCKED_AND_WOKEN = 0.0002
CLIENT_BLOCKED_AND_WOKEN = 0.00005
AFTER = 0.0003  # s that are shown after the last event
PAUSE = 0.001  # s between two calls of a client, from which on it is idle

# state: "blocked", "runs", or "idle" (a client between two steps of the scene).
# labels: the calls. waker: a Call, or None.
Stretch = collections.namedtuple("Stretch", "begin end state labels waker")
# ended: "", or how it ended within the scene.
Row = collections.namedtuple("Row", "who name begin end ended stretches")
# From a row at a time to a row at a time; what: the call that woke.
Arrow = collections.namedtuple("Arrow", "source begin target end what")
Scene = collections.namedtuple("Scene", "rows arrows begin end")


def scene(calls, notes, client_calls):
    """From the first call of a client to the last event that concerns it."""
    begin = min(call.begin for call in client_calls)
    last = max([call.end or call.begin for call in calls + client_calls] +
               [note.time for note in notes])
    known = index(calls + client_calls, notes)
    end = last_event(known, client_calls, last) + AFTER
    rows = []
    for who in sorted(known.by_who, key=lambda who: order(who, known)):
        row = row_of(who, known, begin, end)
        if row:
            rows.append(row)
    rows = named(rows, known)
    return Scene(rows, arrows_of(rows, known), begin, end)


def last_event(known, client_calls, last):
    """A server that goes on alone, such as with a time limit, is not shown."""
    times = [call.end or last for call in client_calls]
    times += [note.time for note in known.ended.values()]
    for who, calls in known.by_who.items():
        times += [call.end for call in calls if waker(call, known) and
                  is_blocked(call, known)]
    return min(last, max(times))


def is_blocked(call, known):
    if call.name not in WAITS:
        return False
    if call.end is None:  # the scene ends when the server is quiet
        return True
    limit = BLOCKED
    if isinstance(call.who, str):
        # A few bytes are sent without a wait, whatever the time it takes.
        if call.name in ("connect", "send") and call.args != WHOLE:
            return False
        if waker(call, known):
            limit = CLIENT_BLOCKED_AND_WOKEN
    elif call.name not in WRITES and waker(call, known):
        limit = BLOCKED_AND_WOKEN
    return call.end - call.begin >= limit


def order(who, known):
    """Clients first, then what sends signals, then threads, as they began."""
    begin = known.by_who[who][0].begin
    if isinstance(who, str):
        return (0 if who.startswith("client") else 1, begin, who)
    return (2, begin, who)


def row_of(who, known, begin, end):
    note = known.ended.get(who)
    calls = known.by_who[who]
    first = max(begin, calls[0].begin)
    last = min(end, note.time if note else end)
    if isinstance(who, str):
        last = max(call.end or end for call in calls)
    if last <= begin:
        return None
    outside = "idle" if isinstance(who, str) else "runs"
    stretches = []
    now = first
    for call in calls:
        until = min(last, call.end if call.end is not None else last)
        if until <= begin or call.name in ("exit", "exit_group"):
            continue
        start = max(now, call.begin)
        state = "blocked" if is_blocked(call, known) else "runs"
        why = waker(call, known)
        pause = outside if start - now >= PAUSE else "runs"
        add(stretches, now, start, pause, [], None)
        add(stretches, start, until, state, label(call), why)
        now = until
    if outside == "runs":
        add(stretches, now, last, outside, [], None)
    ended = note.text if note and note.time <= end else ""
    return Row(who, "", first, last, ended, stretches)


def label(call):
    """What the call is called in the figure: a list, of one word or none. In
    brackets is the descriptor; for a client, an error or how much it was."""
    if call.name == "set_robust_list":  # the first call of a thread
        return []
    more = call.fd
    if isinstance(call.who, str) and call.result:
        if call.result.startswith("-1 "):
            more = call.result[3:]
        elif call.args == WHOLE:
            *got, all_of_it = (f"{int(number) / 1e6:.1f}" for number in
                               call.result.split(" of "))
            if got and got[0] != all_of_it:
                all_of_it = f"{got[0]} of {all_of_it}"
            more = f"{all_of_it} MB"
    return [call.name if more is None else f"{call.name}({more})"]


def add(stretches, begin, end, state, labels, why):
    """Runs that follow each other are one."""
    if end <= begin:
        return
    if stretches and state == "runs" == stretches[-1].state:
        before = stretches.pop()
        begin = before.begin
        labels = list(dict.fromkeys(before.labels + labels))
    stretches.append(Stretch(begin, end, state, labels, why))


def named(rows, known):
    """main, and the others by number, each with the client that it serves."""
    clients = {key: call.who for calls in known.by_who.values()
               for call in calls if isinstance(call.who, str)
               for key in call.keys if key[0] == "conn"}
    done = []
    number = 0
    first = min((who for who in known.by_who if isinstance(who, int)),
                key=lambda who: known.by_who[who][0].begin)
    for row in rows:
        name = row.who
        if isinstance(row.who, int):
            kind = "process"
            if known.process[row.who] != row.who:
                kind = "thread"
            served = {clients[key] for call in known.by_who[row.who]
                      if call.name in READS + WRITES for key in call.keys
                      if key in clients}
            if row.who == first:
                name = "main"
            else:
                number += 1
                name = f"{kind} {number}"
                if len(served) == 1:
                    name += f" ({served.pop()})"
        done.append(row._replace(name=name))
    return done


def arrows_of(rows, known):
    """An arrow ends where a wait ends, or where a thread begins."""
    shown = {row.who for row in rows}
    arrows = []
    for row in rows:
        for stretch in row.stretches:
            why = stretch.waker
            if why and stretch.state == "blocked" and why.who in shown:
                arrows.append(Arrow(why.who, why.begin, row.who, stretch.end,
                                    label(why)[0]))
    for who, calls in known.by_who.items():
        for call in calls:
            if call.name in CLONES and call.child in shown and who in shown:
                child = next(r for r in rows if r.who == call.child)
                arrows.append(Arrow(who, call.begin, call.child, child.begin,
                                    call.name))
    begin = min(row.begin for row in rows)
    arrows = [arrow for arrow in arrows if arrow.begin >= begin]
    return sorted(arrows, key=lambda a: (a.begin, a.end, str(a.target)))


def as_text(drawn):
    """One line a stretch. Times are in ms since the scene began."""
    name = {row.who: row.name for row in drawn.rows}
    woken = {(a.target, a.end): f"{name[a.source]}: {a.what}"
             for a in drawn.arrows}
    width = max(len(row.name) for row in drawn.rows)
    lines = [f"{'thread':{width}}  {'from':>10}  {'to':>10}  {'state':7}  "
             f"{'calls':24}  woken by"]
    for row in drawn.rows:
        started = woken.get((row.who, row.begin))
        for stretch in row.stretches:
            by = woken.get((row.who, stretch.end)) if \
                stretch.state == "blocked" else None
            if stretch is row.stretches[0] and started:
                by = started
            begin, end = ((t - drawn.begin) * 1000
                          for t in (stretch.begin, stretch.end))
            lines.append(
                f"{row.name:{width}}  {begin:10.3f}  {end:10.3f}  "
                f"{stretch.state:7}  {' '.join(stretch.labels) or '-':24}  "
                f"{by or '-'}")
        if row.ended:
            at = (row.end - drawn.begin) * 1000
            lines.append(f"{row.name:{width}}  {at:10.3f}  {'':10}  "
                         f"{'ended':7}  {row.ended}")
    return "\n".join(lines)
