"""`scripts/check --fuzz N`: new random tables in several processes; what is found is counted and grouped, not shrunk.

A table that hangs or ends its process is found like any other. Exit code 1 where anything was found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from pathlib import Path
from random import SystemRandom

LIMIT = 120.0  # seconds that a table may take; most take a tenth of one
REPORT = 1000  # tables between two lines of progress
WORKER = (sys.executable, str(Path(__file__)), "--worker")


class Many:
    """Tables `start` to `stop` of a seed, every `jobs`-th in a process of its own, and what became of them."""

    def __init__(self, seed, start, stop, jobs, minutes, worker=WORKER):
        self.seed, self.start, self.stop, self.jobs, self.worker = seed, start, stop, jobs, worker
        self.begun = time.monotonic()
        self.ends = self.begun + 60 * minutes
        self.next = {start + job: start + job for job in range(jobs)}  # of each process
        self.rows = []
        self.broken = ""  # why tables cannot be thrown at all

    @property
    def over(self):
        return bool(self.broken) or time.monotonic() > self.ends

    def run(self):
        """Throw them; Ctrl-C ends it, with what there is."""
        threads = [threading.Thread(target=self._throw, args=(first,), daemon=True) for first in self.next]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                thread.join()
        except KeyboardInterrupt:
            self.ends = 0.0
            for thread in threads:
                thread.join()

    def _throw(self, first):
        while self.next[first] < self.stop and not self.over:
            number, words = self.next[first], (self.seed, self.next[first], self.stop, self.jobs)
            with subprocess.Popen(
                [*self.worker, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as child:
                code = self._listen(child, first)
            if self.next[first] >= self.stop or self.over:
                return
            if code is not None and code > 0 and self.next[first] == number:
                self.broken = f"no table could be thrown; see: {' '.join([*self.worker, *map(str, words)])}"
                return
            how = f"longer than {LIMIT:.0f} s" if code is None else f"its process ended with {code}"
            self._put(first, {"number": self.next[first], "found": how, "trace": ""})

    def _listen(self, child, first):
        """Take rows until the process ends; its exit code, None where a table took too long."""
        late = threading.Event()
        while True:
            timer = threading.Timer(min(LIMIT, max(0.0, self.ends - time.monotonic())), _end, (child, late))
            timer.start()
            line = child.stdout.readline()
            timer.cancel()
            if line.startswith("{"):
                self._put(first, json.loads(line))
            if not line or self.over:
                child.kill()
                return None if late.is_set() else child.wait()

    def _put(self, first, row):
        self.rows.append(row)
        self.next[first] = row["number"] + self.jobs
        if len(self.rows) % REPORT == 0:
            found = sum("found" in row for row in self.rows)
            print(f"{len(self.rows):,} tables, {found:,} of them wrong", file=sys.stderr, flush=True)


def _end(child, late):
    late.set()
    child.kill()


# ---- what is said of them


def report(many):
    """The lines of the summary."""
    rows, wrong = many.rows, [row for row in many.rows if "found" in row]
    fitted = [row for row in rows if row.get("fitted")]
    took = time.monotonic() - many.begun
    yield (
        f"{len(rows):,} tables of seed {many.seed} in {took:.0f} s: {len(fitted):,} fitted, "
        f"{len(rows) - len(fitted) - len(wrong):,} refused in a sentence, {len(wrong):,} wrong."
    )
    forms = Counter(form for row in fitted for form in row["forms"])
    yield "The same table as pandas': " + ", ".join(f"{form} {count:,}" for form, count in forms.items()) + "."
    yield from _grouped("Refusals", ((row["refusal"], row) for row in rows if row.get("refusal")))
    yield from _grouped("Candidates that failed", ((one, row) for row in fitted for one in row["failures"]))
    yield from _grouped("WRONG", ((row["found"], row) for row in wrong), f"--seed {many.seed}")
    left = min(many.next.values())
    if left < many.stop:
        yield f"Ended early; --fuzz {many.stop - left} --seed {many.seed} --start {left} goes on."


def _grouped(title, pairs, seed=""):
    groups = defaultdict(list)
    for text, row in pairs:
        groups[text].append(row)
    if groups:
        yield f"{title}:"
    for text, rows in sorted(groups.items(), key=lambda group: (-len(group[1]), group[0])):
        first = min(rows, key=lambda row: row["number"])
        yield f"{len(rows):7,} × {text}  (table {first['number']})"
        if seed:
            yield f"          again: scripts/check --fuzz 1 {seed} --start {first['number']}"
            yield from (f"          {line}" for line in first["trace"].splitlines()[-12:])


def show(seed, number):
    """Print one table and its target, cell by cell."""
    from random_tables import draw

    X, y, task, _ = draw(seed, number)
    for name, values in [*((X.columns[k], X.iloc[:, k]) for k in range(X.shape[1])), ("the target", y)]:
        print(f"{name!r} ({values.dtype}): {values.astype(object).tolist()!r}")
    print(f"task={task!r}")


def main(words, worker=WORKER):
    """Parse, throw, report."""
    parser = argparse.ArgumentParser(prog="scripts/check --fuzz", description=__doc__)
    parser.add_argument("tables", type=int, metavar="N", help="how many")
    parser.add_argument("--seed", default=str(SystemRandom().randrange(10**6)), help="drawn anew, and printed")
    parser.add_argument("--start", type=int, default=0, metavar="K", help="number of the first table")
    parser.add_argument("--minutes", type=float, default=40.0, help="after which it ends early (default: 40)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (default: 2)")
    given = parser.parse_args(words)
    print(f"seed {given.seed}", flush=True)
    if given.tables == 1:
        show(given.seed, given.start)
    jobs = max(1, min(given.jobs, given.tables))
    many = Many(given.seed, given.start, given.start + given.tables, jobs, given.minutes, worker)
    many.run()
    if many.broken:
        print(many.broken)
        return 2
    print(*report(many), sep="\n")
    return int(any("found" in row for row in many.rows))


def work(seed, start, stop, step):
    """Throw every `step`-th table and print one row of JSON each."""
    from fuzzing import told

    for number in range(int(start), int(stop), int(step)):
        print(json.dumps(told(seed, number)), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        work(*sys.argv[2:])
    else:
        sys.exit(main(sys.argv[1:]))
