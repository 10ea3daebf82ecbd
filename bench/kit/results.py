# SPDX-License-Identifier: ISC
# Copyright (c) 2026 The echod authors

"""results: all measurements, their medians and ratios."""
import csv
import statistics

FIGURES = ("seconds", "bytes_per_second", "trips_per_second",
           "connections_per_second", "p50_us", "p99_us", "p99.9_us",
           "cpu_seconds_per_gb", "cpu_ms_per_1000", "resident_kb",
           "kb_per_client", "machine_kb_per_client")
COLUMNS = ("round", "server", "test", "clients", *FIGURES, "fault")


class Results:
    def __init__(self):
        self.rows = []

    def add(self, number, server, test, figures, fault=""):
        self.rows.append({"round": number, "server": server.name,
                          "test": test.kind, "clients": test.clients,
                          "fault": fault, **figures})

    def by_round(self, server, kind, clients, figure):
        """{round: value}."""
        return {row["round"]: row[figure] for row in self.rows
                if (row["server"], row["test"], row["clients"]) ==
                (server, kind, clients) and figure in row}

    def median(self, *which):
        found = self.by_round(*which).values()
        return statistics.median(found) if found else None

    def ratio(self, server, *which):
        """echod divided by the server, the median of all rounds."""
        ours = self.by_round("echod", *which)
        theirs = self.by_round(server, *which)
        found = [ours[number] / theirs[number] for number in theirs
                 if number in ours and theirs[number] > 0]
        return statistics.median(found) if found else None

    def fault(self, server, kind, clients):
        return next((row["fault"] for row in self.rows
                     if (row["server"], row["test"], row["clients"]) ==
                     (server, kind, clients) and row["fault"]), "")

    def faults(self):
        """(server, test, clients, fault), without repetitions."""
        return list(dict.fromkeys(
            (row["server"], row["test"], row["clients"], row["fault"])
            for row in self.rows if row["fault"]))

    def clients(self, kind):
        return sorted({row["clients"] for row in self.rows
                       if row["test"] == kind})

    def save(self, path):
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, COLUMNS)
            writer.writeheader()
            for row in self.rows:
                writer.writerow({name: f"{value:.6g}"
                                 if isinstance(value, float) else value
                                 for name, value in row.items()})
