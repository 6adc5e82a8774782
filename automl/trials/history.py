"""The history: every trial of a run in order, and the questions that strategies and schedulers ask of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from automl.errors import CandidateError, DiskError, RunDirError
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.trials.constants import KEPT_BEST, KEPT_BYTES, KEPT_PARTIAL, PARTIAL_SHARE, UNWRITTEN
from automl.trials.disk import allowance
from automl.trials.events import JournalTrials, finish_event, start_event
from automl.trials.index import TrialIndex
from automl.trials.journal import FORMAT, READ, Journal, fact
from automl.trials.ranking import behind_on_folds
from automl.trials.trial import DUMMY, Extent, Failure, Job, Outcome, Trial


class History(TrialIndex):
    """Trials by number, written through to a journal where there is one.

    Parameters
    ----------
    space : Space
        The resolved search space.
    seed : int
        The run's seed.
    journal : Journal, optional
        Where starts and ends are written; None keeps them in memory only (tests, toys).

    Notes
    -----
    Strategies and schedulers only read. `start` and `finish` are the loop's.
    """

    def __init__(self, space: Space, seed: int, journal: Journal | None = None) -> None:
        super().__init__()
        self.space = space
        self.seed = seed
        self.journal = journal
        self.kept_bytes = KEPT_BYTES if journal is None else allowance(journal.path.parent, KEPT_BYTES)
        self.unfinished: list[Trial] = []  # started before an interruption; they run again first
        self.spent = 0.0  # seconds of the run before it was opened
        self._again: set[int] = set()  # trials whose files were lost
        self._known: dict[int, Trial] = {}  # what they had come to; it stays where they do not end well again
        self._unwritten: list[str] = []  # errors of the last trials, as long as the disk is their cause

    # ---- opening

    @classmethod
    def open(cls, space: Space, seed: int, journal: Journal, identity: dict[str, Any]) -> History:
        """Open a run: a new one, or what a journal tells of an earlier session of the same run.

        Parameters
        ----------
        identity : dict
            What must be equal for a run to go on: data fingerprint, target, space, arguments. The seed is the
            journal's where it has one.

        Raises
        ------
        RunDirError
            If the journal is another run's.
        """
        if not journal.events:
            journal.append("run", format=FORMAT, seed=seed, seconds=0.0, **identity)
            return cls(space, seed, journal)
        first = journal.events[0]
        if (other := difference(first, identity)) is not None:
            name, told, now = other
            raise RunDirError(
                f"run_dir {str(journal.path.parent)!r} holds a run with another {name} "
                f"({told}, now {now}); use the same, another run_dir, or resume=False."
            )
        history = cls(space, first["seed"], journal)
        try:
            history._replay(journal.events)
        except CandidateError as error:
            raise RunDirError(
                f"run_dir {str(journal.path.parent)!r} holds a candidate that is none of the search space ({error}); "
                "use another run_dir, or resume=False."
            ) from error
        return history

    def agree(self, name: str, value: str) -> None:
        """Write down a fact of the run, or check that it is still the same.

        Raises
        ------
        RunDirError
            If the journal says something else.
        """
        if self.journal is None:
            return
        told = fact(self.journal.events, name)
        if told is None:
            self.journal.append("fact", name=name, value=value)
        elif told != value:
            raise RunDirError(
                f"run_dir {str(self.journal.path.parent)!r} holds a run with other {name}; use the same, "
                "another run_dir, or resume=False."
            )

    def recall(self, name: str, value: str) -> str:
        """What was decided when the run began; now, `value` is written down."""
        told = None if self.journal is None else fact(self.journal.events, name)
        if told is None and self.journal is not None:
            self.journal.append("fact", name=name, value=value)
        return str(value if told is None else told)

    def _replay(self, events: list[dict[str, Any]]) -> None:
        self.spent = max(event.get("seconds", 0.0) for event in events)
        told = JournalTrials(events)
        self._known = told.known
        for _, trial in sorted(told.trials.items()):
            self.put(trial)
            if trial.candidate.family != DUMMY and (reason := self.space.check(trial.candidate)) is not None:
                raise CandidateError(f"trial {trial.number}: {reason}")
        for trial in self.running():
            if told.begun[trial.number] >= 2:
                self.finish(trial, Failure("crashed", "Ended the process twice."), self.spent)
            else:
                self.unfinished.append(trial)

    # ---- writing

    def start(self, job: Job, seconds: float) -> Trial:
        """Record that a job starts now (`seconds` on the run's clock)."""
        again = next((trial for trial in self.unfinished if trial.number == job.trial), None)
        if again is not None:
            self.unfinished.remove(again)
            self._note_known(self.trials[again.number])
            trial = replace(again, started=seconds, threads=job.threads)
        else:
            proposal = job.proposal
            seed = derive_seed(self.seed, proposal.candidate.key)
            number = len(self.trials)
            trial = Trial(number, proposal.candidate, job.rung, seed, proposal.origin, proposal.parents)
            trial = replace(trial, started=seconds, why=job.why, threads=job.threads)
        self.put(trial)
        if self.journal is not None:
            self.journal.append("start", **start_event(trial))
        return trial

    def finish(self, trial: Trial, result: Outcome | Failure, seconds: float) -> Trial:
        """Record the end of a trial."""
        ended = self.trials[trial.number].ended(result, seconds)
        ended = self._known.get(trial.number, ended) if ended.status != "ok" else ended
        self.put(ended)
        if self.journal is not None:
            self.journal.append("finish", **finish_event(ended))
        cause, _, message = (ended.error or "").partition(": ")
        self._unwritten = [*self._unwritten, message] if cause == DiskError.__name__ else []
        return ended

    def _note_known(self, trial: Trial | None) -> None:
        if trial is not None and trial.status == "ok":
            self._known[trial.number] = trial

    def session(self, seconds: float, fields: dict[str, Any]) -> None:
        """Record that a session of the run begins, and with what arguments."""
        if self.journal is not None:
            self.journal.append("session", seconds=round(seconds, 3), **fields)

    def tick(self, seconds: float) -> None:
        """Record that the run still goes on, so that a long trial's seconds count even if a kill ends it."""
        if self.journal is not None:
            self.journal.append("tick", seconds=round(seconds, 3))

    def end(
        self,
        reason: str,
        seconds: float,
        weights: dict[int, float],
        refitted: Mapping[int, Extent],
        draws: tuple[int, int] | None = None,
    ) -> None:
        """Record that the run is complete, what was handed over, and which trials' candidates have seen all rows."""
        if self.journal is not None:
            told = {str(number): float(weight) for number, weight in weights.items()}
            extents = {str(number): [one.share, one.ended_after] for number, one in refitted.items()}
            self.journal.append(
                "end", reason=reason, seconds=round(seconds, 3), weights=told, refitted=extents, draws=draws
            )

    # ---- reading

    @property
    def fatal_error(self) -> str | None:
        """Why the run cannot go on: its journal cannot be written any more, or one model after the other cannot."""
        if len(self._unwritten) >= UNWRITTEN:
            return self._unwritten[-1]
        return None if self.journal is None else self.journal.fatal_error

    def growing(self) -> list[Trial]:
        """Trials of few iterations whose models a higher rung may go on from: the best of each rung."""
        rungs = sorted((rung for rung in self.partial_rungs if rung.iterations < 1), key=lambda rung: -rung.iterations)
        waiting = (trial for rung in rungs for trial in self.waiting_at(rung) if trial.status == "ok")
        return list(islice(waiting, KEPT_BEST))

    def kept(self) -> list[Trial]:
        """Complete trials whose fold models and predictions are kept: the best, and each family's best."""
        best = self.complete()
        first: dict[str, Trial] = {}
        for trial in best:
            first.setdefault(trial.candidate.family, trial)
        wanted = dict.fromkeys([*best[:KEPT_BEST], *first.values()])
        kept: list[Trial] = []
        size = 0
        for trial in wanted:
            size += trial.measures.model_bytes
            if not kept or size <= self.kept_bytes or trial.origin == DUMMY:
                kept.append(trial)
        numbers = {trial.number for trial in kept}
        return [trial for trial in best if trial.number in numbers]

    def promising(self) -> list[Trial]:
        """Trials of candidates that were never evaluated in full, and did better than the best one on their folds.

        The furthest ahead come first, and only those are told whose fold models are kept. Where all rows are scored
        together, so that folds tell nothing, those with the most folds come first.
        """
        whole = self.complete()
        done = {trial.candidate.key for trial in whole}
        ahead: list[tuple[float, int, Trial]] = []
        for trial in self.trials:
            if trial.folds and trial.status != "running" and trial.candidate.key not in done:
                behind = behind_on_folds(trial, whole[0]) if whole else 0.0
                ahead += [(behind, -trial.folds, trial)] if behind <= 0 else []
        ahead.sort(key=lambda found: (found[:2], found[2].number))
        kept: list[Trial] = []
        size = 0
        for _, _, trial in ahead:
            if len(kept) < KEPT_PARTIAL and size + trial.measures.model_bytes <= PARTIAL_SHARE * self.kept_bytes:
                size += trial.measures.model_bytes
                kept.append(trial)
        return kept

    def again(self, trials: Iterable[Trial]) -> None:
        """Let complete trials whose files are lost run again, before anything new; no trial twice in a session."""
        for lost in trials:
            if lost.number not in self._again:
                self._again.add(lost.number)
                anew = Trial(lost.number, lost.candidate, lost.rung, lost.seed, lost.origin, lost.parents, why=lost.why)
                self.unfinished.append(anew)


def difference(first: dict[str, Any], identity: dict[str, Any]) -> tuple[str, str, str] | None:
    """What keeps a run from going on: its name, what the journal's first line says, and what it is now."""
    told, asked = _flat(first), _flat({"format": FORMAT, **identity})
    asked["format"] = told["format"] if told["format"] in READ else FORMAT
    for name, value in asked.items():
        if told.get(name) != value:
            if name == "data" and (columns := _other_columns(first.get("columns"), identity.get("columns"))):
                return columns
            return name, _brief(told.get(name)), _brief(value)
    return None


def _flat(identity: dict[str, Any]) -> dict[str, Any]:
    """What a run is known by, arguments one by one; versions of libraries may differ, names of columns are data."""
    besides = ("arguments", "versions", "space", "columns")
    rest = {name: value for name, value in identity.items() if name not in besides}
    # the space last: it depends on the arguments, which say more
    return {**rest, **identity.get("arguments", {}), "space": identity.get("space")}


def _other_columns(told: list[str] | None, now: list[str] | None) -> tuple[str, str, str] | None:
    """What tells two tables apart where it is their columns."""
    gone = [name for name in told or () if name not in (now or ())]
    new = [name for name in now or () if name not in (told or ())]
    if told is None or now is None or not (gone or new):
        return None
    parts = ((f"{sign} {', '.join(map(repr, names))}", names) for sign, names in (("with", gone), ("without", new)))
    text = " and ".join(_brief(part) for part, names in parts if names)
    return "set of columns", text, "the other way round" if gone and new else "without" if gone else "with"


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
