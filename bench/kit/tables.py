# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""tables: the tables of medians, and their form as text."""
import dataclasses
import textwrap

from kit.plan import Test, applies

HOW_TO_READ = (
    "Figures are medians. In parentheses: the ratio of echod's figure to this"
    " one, the median of all rounds; above 1, echod's figure is the larger"
    " one. Idle client: \"own\" is the server's resident memory, \"all\" the"
    " loss of free memory, with the kernel's part and the client's own end.")
SEPARATOR = " "


@dataclasses.dataclass(frozen=True)
class Column:
    group: str
    head: str
    which: tuple  # kind, clients, figure
    scale: float


@dataclasses.dataclass(frozen=True)
class Table:
    title: str
    more_is_better: bool
    columns: tuple
    growth: bool = False


@dataclasses.dataclass(frozen=True)
class Cell:
    value: str
    ratio: str = ""
    fault: str = ""


def count(clients):
    return f"{clients:,}" + (" clients" if clients != 1 else " client")


def speed():
    bulk = [Column("bulk, GB/s", str(n), ("bulk", n, "bytes_per_second"), 1e-9)
            for n in (1, 4)]
    trips = [Column("round trips of 64 bytes, 1,000/s", f"{n:,}",
                    ("trips", n, "trips_per_second"), 1e-3)
             for n in (1, 100, 1000)]
    churn = [Column("connections, 1,000/s", str(n),
                    ("churn", n, "connections_per_second"), 1e-3)
             for n in (1, 50)]
    return Table("Speed, by the number of clients", True,
                 tuple(bulk + trips + churn))


def latency(results):
    columns = []
    measured = results.clients("trips")
    for clients, unit, scale, heads in (
            (1, "µs", 1, ("p50", "p99")),
            (100, "ms", 1e-3, ("p50", "p99")),
            (1000, "ms", 1e-3, ("p50", "p99", "p99.9")),
            (5000, "ms", 1e-3, ("p99", "p99.9"))):
        if clients in measured:
            columns += [Column(f"{count(clients)}, {unit}", head,
                               ("trips", clients, f"{head}_us"), scale)
                        for head in heads]
    return Table("Time of a round trip of 64 bytes", False, tuple(columns))


def cost():
    bulk = [Column("CPU, s/GB", str(n), ("bulk", n, "cpu_seconds_per_gb"), 1)
            for n in (1, 4)]
    trips = [Column("CPU, ms/1,000 round trips", f"{n:,}",
                    ("trips", n, "cpu_ms_per_1000"), 1)
             for n in (1, 100, 1000)]
    idle = [Column("idle client, kB", head, ("hold", 1000, figure), 1)
            for head, figure in (("own", "kb_per_client"),
                                 ("all", "machine_kb_per_client"))]
    return Table("Cost, by the number of clients", False,
                 tuple(bulk + trips + idle))


def growth(results):
    for title, more, kind, figure, scale in (
            ("round trips, 1,000/s", True, "trips", "trips_per_second", 1e-3),
            ("p50, ms", False, "trips", "p50_us", 1e-3),
            ("p99, ms", False, "trips", "p99_us", 1e-3),
            ("p99.9, ms", False, "trips", "p99.9_us", 1e-3),
            ("resident memory of the server, MB", False, "hold",
             "resident_kb", 1e-3),
            ("CPU, ms/1,000 round trips", False, "trips", "cpu_ms_per_1000",
             1)):
        columns = [Column("clients", f"{n:,}", (kind, n, figure), scale)
                   for n in results.clients(kind)]
        yield Table(f"Growth: {title}", more, tuple(columns), True)


def all_tables(results):
    return [speed(), latency(results), cost(), *growth(results)]


def digits(value):
    """Three significant digits."""
    places = 2 if value < 9.995 else 1 if value < 99.95 else 0
    return f"{value:,.{places}f}"


def cell(results, server, column):
    value = results.median(server, *column.which)
    if value is None:
        return Cell("-", fault=results.fault(server, *column.which[:2]))
    if value <= 0:
        return Cell("~0")
    ratio = None
    if server != "echod":
        ratio = results.ratio(server, *column.which)
    return Cell(digits(value * column.scale),
                "" if ratio is None else digits(ratio))


def rows(results, table, servers):
    """Yield (name, cells) for each server that was measured."""
    for server in servers:
        if table.growth and not server.has_curve:
            continue
        found = [cell(results, server.name, column)
                 for column in table.columns]
        if any(one.value != "-" or one.fault for one in found):
            yield server.name, found


def heading(table):
    return (f"{table.title} "
            f"({'more' if table.more_is_better else 'less'} is better)")


def groups(table):
    """(group, number of its columns), in order."""
    found = {}
    for column in table.columns:
        found[column.group] = found.get(column.group, 0) + 1
    return list(found.items())


def widths(columns, body):
    """(width of the value, width of the ratio) for each column."""
    found = []
    for index, column in enumerate(columns):
        cells = [row[index] for _, row in body]
        value = max(len(one.value) for one in cells)
        found.append((max(len(column.head), value),
                      max(len(one.ratio) for one in cells) + 2))
    return found


def group_line(table, sizes):
    """The names of the groups, each above its first column."""
    parts = []
    index = 0
    for group, span in groups(table):
        width = sum(value + 1 + ratio
                    for value, ratio in sizes[index:index + span])
        parts.append(f"{group:<{width + len(SEPARATOR) * (span - 1)}}")
        index += span
    return SEPARATOR.join(parts)


def pair(value, ratio, size):
    return f"{value:>{size[0]}} {ratio:<{size[1]}}"


def as_text(results, table, servers):
    """The table as lines of text, with aligned values and ratios."""
    body = list(rows(results, table, servers))
    if not body:
        return ""
    sizes = widths(table.columns, body)
    lines = [("", group_line(table, sizes)),
             ("", SEPARATOR.join(pair(column.head, "", size) for column, size
                               in zip(table.columns, sizes)))]
    for name, cells in body:
        lines.append((name, SEPARATOR.join(
            pair(one.value, one.ratio and f"({one.ratio})", size)
            for one, size in zip(cells, sizes))))
    margin = max(len(name) for name, _ in body)
    return "\n".join([heading(table), "", *(
        f"{name:<{margin}}{SEPARATOR}{text}".rstrip()
        for name, text in lines)]) + "\n"


def notes(results, servers, missing, plan):
    """Why cells are empty."""
    found = [f"{name} was left out: {why}." for name, why in missing.items()]
    for server in servers:
        if any(applies(test, server) and test.clients > server.max_clients
               for test in plan.tests):
            found.append(f"{server.name} was measured with at most "
                         f"{count(server.max_clients)}: {server.max_reason}.")
    failed = {}
    for name, kind, clients, fault in results.faults():
        failed.setdefault((name, fault), []).append(
            str(Test(kind, clients)))
    for (name, fault), tests in failed.items():
        found.append(f"{name} failed: {fault} ({'; '.join(tests)}).")
    return found


def as_page(results, servers, remarks):
    parts = [as_text(results, table, servers)
             for table in all_tables(results)]
    parts.append(textwrap.fill(HOW_TO_READ, 98))
    parts += [textwrap.fill(remark, 98, subsequent_indent="  ")
              for remark in remarks]
    return "\n".join(part for part in parts if part)
