"""Trials by number, and what strategies and schedulers ask of them again and again.

The answers are kept up as trials start and end: none takes longer the more trials there are, but by the length of what
it returns.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from automl.trials.ranking import Ranking, by_loss
from automl.trials.trial import DUMMY, Rung, Trial

_Rungs = tuple[Rung, Rung | None]


class TrialIndex:
    """All trials, to be read; `put` is the history's.

    Attributes
    ----------
    changes : list of int
        Numbers of the trials that were put, in this order.
    """

    def __init__(self) -> None:
        self._trials: list[Trial] = []
        self._numbers: dict[str, list[int]] = {}  # of each candidate's trials, by its key
        self._of: dict[str, list[int]] = {}  # of each family,
        self._from: dict[str, list[int]] = {}  # and of each origin
        self._entries: Counter[Rung] = Counter()  # candidates by the rung of their first trial
        self._ended_at: dict[_Rungs, list[Trial]] = {}  # and by where the candidate entered; the best first
        self._waiting_at: dict[_Rungs, list[Trial]] = {}  # those of them whose candidate was started on no higher rung
        self._whole: set[str] = set()  # families with a trial that leaves nothing out
        self.changes: list[int] = []
        self._candidates: set[str] = set()  # keys, the dummy's left out
        self._running: dict[int, Trial] = {}
        self._ranking = Ranking()
        self._first_round = Ranking()  # without the dummy, and without what was repeated
        self._complete: tuple[Trial, ...] | None = ()
        self._searched: tuple[Trial, ...] = ()
        self._ended: dict[str, int] = {}  # number of a candidate's first trial that ended,
        self._ends: list[int] = []  # and these in order

    def put(self, trial: Trial) -> None:
        """A trial that starts, or a new state of one."""
        key, number = trial.candidate.key, trial.number
        self.changes.append(number)
        for other in self._partial(key):
            self._unlist(other)
        if number == len(self._trials):
            self._trials.append(trial)
            self._numbers.setdefault(key, []).append(number)
            self._of.setdefault(trial.candidate.family, []).append(number)
            self._from.setdefault(trial.origin, []).append(number)
            if trial.rung.whole:
                self._whole.add(trial.candidate.family)
            if trial.origin != DUMMY and key not in self._candidates:
                self._entries[trial.rung] += 1
        else:
            self._trials[number] = trial
        for other in self._partial(key):
            self._list(other)
        if trial.status == "running":
            self._running[number] = trial
        else:
            self._running.pop(number, None)
        if trial.origin != DUMMY:
            self._candidates.add(key)
            self._note_end(key)
            if trial.rung.folds <= 1:
                self._first_round.put(trial)
        if self._ranking.put(trial):
            self._complete = None

    def _partial(self, key: str) -> list[Trial]:
        """Trials of a candidate that ended on a rung that leaves something out."""
        return [trial for trial in self.of(key) if not trial.rung.whole and trial.status not in ("running", "cut")]

    def _list(self, trial: Trial) -> None:
        waits = self.highest(trial.candidate.key).rung == trial.rung
        for rungs in self._rungs(trial):
            for listed in (self._ended_at, self._waiting_at)[: 1 + waits]:
                insort(listed.setdefault(rungs, []), trial, key=by_loss)

    def _unlist(self, trial: Trial) -> None:
        for rungs in self._rungs(trial):
            for found in (self._ended_at.get(rungs, []), self._waiting_at.get(rungs, [])):
                place = bisect_left(found, by_loss(trial), key=by_loss)
                if place < len(found) and found[place].number == trial.number:
                    del found[place]

    def _rungs(self, trial: Trial) -> tuple[_Rungs, _Rungs]:
        return (trial.rung, None), (trial.rung, self._trials[self._numbers[trial.candidate.key][0]].rung)

    def _note_end(self, key: str) -> None:
        found = (self._trials[number] for number in self._numbers[key])
        first = next((t.number for t in found if t.status != "running" and t.origin != DUMMY), None)
        before = self._ended.pop(key, None)
        if before is not None:
            del self._ends[bisect_left(self._ends, before)]
        if first is not None:
            self._ended[key] = first
            insort(self._ends, first)

    # ---- reading

    @property
    def trials(self) -> Sequence[Trial]:
        """All of them, by number."""
        return self._trials

    @property
    def candidates(self) -> int:
        """Number of candidates started so far, the dummy left out; what `max_trials` counts."""
        return len(self._candidates)

    def candidates_trials(self) -> list[Trial]:
        """Every trial but the dummy's."""
        return [trial for trial in self._trials if trial.origin != DUMMY]

    @property
    def partial_rungs(self) -> list[Rung]:
        """Those that leave something out and that trials ended on."""
        return [rung for rung, entry in self._ended_at if entry is None]

    @property
    def families(self) -> list[str]:
        """Those that there are trials of."""
        return list(self._of)

    def latest(self, family: str) -> Iterator[Trial]:
        """Trials of a family, the last one first."""
        return (self._trials[number] for number in reversed(self._of.get(family, ())))

    def latest_from(self, origin: str) -> Iterator[Trial]:
        """Trials of an origin, the last one first."""
        return (self._trials[number] for number in reversed(self._from.get(origin, ())))

    def ended_at(self, rung: Rung, entry: Rung | None = None) -> Sequence[Trial]:
        """What has ended on a rung that leaves something out, the best first, failures last.

        With `entry`, only candidates that were first started there.
        """
        return self._ended_at.get((rung, entry), ())

    def waiting_at(self, rung: Rung, entry: Rung | None = None) -> Sequence[Trial]:
        """Those of them whose candidate was not started on a higher rung."""
        return self._waiting_at.get((rung, entry), ())

    def entered_at(self, rung: Rung) -> int:
        """Candidates that were first started there, the dummy left out."""
        return self._entries[rung]

    @property
    def whole_families(self) -> Collection[str]:
        """Those that were started on a rung that leaves nothing out."""
        return self._whole

    def of(self, key: str) -> list[Trial]:
        """A candidate's trials."""
        return [self._trials[number] for number in self._numbers.get(key, ())]

    def highest(self, key: str) -> Trial:
        """A candidate's trial on its highest rung."""
        return max(self.of(key), key=lambda trial: trial.rung.work)

    def seen(self, key: str) -> bool:
        """Whether a candidate was started before."""
        return key in self._numbers

    def complete(self) -> tuple[Trial, ...]:
        """Trials that may be ranked, the best first: one a candidate, those with more repeats before all others."""
        if self._complete is None:
            self._complete = tuple(self._ranking.order)
            self._searched = tuple(trial for trial in self._complete if trial.origin != DUMMY)
        return self._complete

    def searched(self) -> tuple[Trial, ...]:
        """`complete` without the dummy."""
        self.complete()
        return self._searched

    def first_round(self, count: int) -> list[Trial]:
        """The best of `searched` by the cross-validation that all candidates had, whatever its repeats said."""
        return self._first_round.order[:count]

    def running(self) -> list[Trial]:
        """Trials in flight."""
        return [self._running[number] for number in sorted(self._running)]

    def candidates_since_best(self) -> int:
        """Candidates that ended after the best one was first started."""
        best = self.searched()
        return len(self._ends) - bisect_right(self._ends, self._ended[best[0].candidate.key]) if best else 0
