"""The history: every trial of a run in order, and the questions that strategies and schedulers ask of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from automl.errors import CandidateError, DiskError, RunDirError
from automl.space.seed import derive_seed
from automl.space.space import Space
from automl.trials.disk import allowance
from automl.trials.journal import FORMAT, Journal, fact, finish_event, read_finish, read_start, start_event
from automl.trials.ranking import ranked
from automl.trials.trial import DUMMY, Failure, Job, Outcome, Trial

KEPT_BEST = 50  # candidates whose fold models stay on disk, beside each family's best
KEPT_BYTES = 4e9  # of fold models on disk, or a share of it where that is less; the best candidate's stay in any case
KEPT_PARTIAL = 5  # candidates that were not evaluated in full, kept beside them where they look better than the best,
PARTIAL_SHARE = 0.25  # in that share of the bytes
UNWRITTEN = 3  # trials in a row that are lost because the disk is full: the next ones would be, too


class History:
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
        self.space = space
        self.seed = seed
        self.journal = journal
        self.kept_bytes = KEPT_BYTES if journal is None else allowance(journal.path.parent, KEPT_BYTES)
        self.trials: list[Trial] = []
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
        starts: dict[int, int] = {}
        trials: dict[int, Trial] = {}
        for event in events:
            self.spent = max(self.spent, event.get("seconds", 0.0))
            if event["event"] == "start":
                self._note_known(trials.get(event["trial"]))
                trials[event["trial"]] = trial = read_start(event)
                if trial.candidate.family != DUMMY and (reason := self.space.check(trial.candidate)) is not None:
                    raise CandidateError(f"trial {trial.number}: {reason}")
                starts[event["trial"]] = starts.get(event["trial"], 0) + 1
            elif event["event"] == "finish":
                trial = trials[event["trial"]]
                before = self._known.get(trial.number) if event["seconds"] < trial.started else None  # see `finish`
                trials[trial.number] = before or read_finish(trial, event)
                starts[event["trial"]] = 0  # it may have to run again, when its files are lost
        self.trials = [trials[number] for number in sorted(trials)]
        for trial in [trial for trial in self.trials if trial.status == "running"]:
            if starts[trial.number] >= 2:
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
            self.trials[trial.number] = trial
        else:
            proposal = job.proposal
            seed = derive_seed(self.seed, proposal.candidate.key)
            number = len(self.trials)
            trial = Trial(number, proposal.candidate, job.rung, seed, proposal.origin, proposal.parents)
            trial = replace(trial, started=seconds, why=job.why, threads=job.threads)
            self.trials.append(trial)
        if self.journal is not None:
            self.journal.append("start", **start_event(trial))
        return trial

    def finish(self, trial: Trial, result: Outcome | Failure, seconds: float) -> Trial:
        """Record the end of a trial."""
        ended = self.trials[trial.number].ended(result, seconds)
        ended = self._known.get(trial.number, ended) if ended.status != "ok" else ended
        self.trials[trial.number] = ended
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

    def end(self, reason: str, seconds: float, weights: dict[int, float], refitted: bool) -> None:
        """Record that the run is complete, and what was handed over."""
        if self.journal is not None:
            told = {str(number): float(weight) for number, weight in weights.items()}
            self.journal.append("end", reason=reason, seconds=round(seconds, 3), weights=told, refitted=refitted)

    # ---- reading

    @property
    def trouble(self) -> str | None:
        """Why the run cannot go on: its journal cannot be written any more, or one model after the other cannot."""
        if len(self._unwritten) >= UNWRITTEN:
            return self._unwritten[-1]
        return None if self.journal is None else self.journal.trouble

    @property
    def candidates(self) -> int:
        """Number of candidates started so far, the dummy left out; what `max_trials` counts."""
        return len({trial.candidate.key for trial in self.trials if trial.origin != DUMMY})

    def candidates_trials(self) -> list[Trial]:
        """Every trial but the dummy's."""
        return [trial for trial in self.trials if trial.origin != DUMMY]

    def highest(self, key: str) -> Trial:
        """A candidate's trial on its highest rung."""
        return max((t for t in self.trials if t.candidate.key == key), key=lambda trial: trial.rung.work)

    def seen(self, key: str) -> bool:
        """Whether a candidate was started before."""
        return any(trial.candidate.key == key for trial in self.trials)

    def complete(self) -> list[Trial]:
        """Trials that may be ranked, the best first: one a candidate, those with more repeats before all others."""
        return ranked(self.trials)

    def searched(self) -> list[Trial]:
        """`complete` without the dummy."""
        return [trial for trial in self.complete() if trial.origin != DUMMY]

    def running(self) -> list[Trial]:
        """Trials in flight."""
        return [trial for trial in self.trials if trial.status == "running"]

    def stale(self) -> int:
        """Candidates that ended after the best one was first started."""
        first: dict[str, int] = {}
        for trial in self.candidates_trials():
            if trial.status != "running":
                first.setdefault(trial.candidate.key, trial.number)
        best = self.searched()
        return sum(number > first[best[0].candidate.key] for number in first.values()) if best else 0

    def growing(self) -> list[Trial]:
        """Trials of few iterations whose models a higher rung may go on from: the best of each rung."""
        partial = [t for t in self.trials if t.status == "ok" and t.rung.iterations < 1]
        waiting = [trial for trial in partial if self.highest(trial.candidate.key) is trial]
        waiting.sort(key=lambda trial: (-trial.rung.iterations, trial.loss, trial.number))
        return waiting[:KEPT_BEST]

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
            size += trial.model_bytes
            if not kept or size <= self.kept_bytes or trial.origin == DUMMY:
                kept.append(trial)
        return [trial for trial in best if trial in kept]

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
                behind = _behind(trial, whole[0]) if whole else 0.0
                ahead += [(behind, -trial.folds, trial)] if behind <= 0 else []
        ahead.sort(key=lambda found: (found[:2], found[2].number))
        kept: list[Trial] = []
        size = 0
        for _, _, trial in ahead:
            if len(kept) < KEPT_PARTIAL and size + trial.model_bytes <= PARTIAL_SHARE * self.kept_bytes:
                size += trial.model_bytes
                kept.append(trial)
        return kept

    def again(self, trials: Iterable[Trial]) -> None:
        """Let complete trials whose files are lost run again, before anything new; no trial twice in a session."""
        for lost in trials:
            if lost.number not in self._again:
                self._again.add(lost.number)
                anew = Trial(lost.number, lost.candidate, lost.rung, lost.seed, lost.origin, lost.parents, why=lost.why)
                self.unfinished.append(anew)


def _behind(trial: Trial, best: Trial) -> float:
    """By how much a partial trial's loss is above the best one's on the folds that both have."""
    losses = trial.fold_losses
    if not best.fold_losses or not losses:
        return 0.0
    first = best.fold_losses[: len(losses)]
    return sum(losses) / len(losses) - sum(first) / len(first)


def difference(first: dict[str, Any], identity: dict[str, Any]) -> tuple[str, str, str] | None:
    """What keeps a run from going on: its name, what the journal's first line says, and what it is now."""
    told, asked = _flat(first), _flat({"format": FORMAT, **identity})
    for name, value in asked.items():
        if told.get(name) != value:
            return name, _brief(told.get(name)), _brief(value)
    return None


def _flat(identity: dict[str, Any]) -> dict[str, Any]:
    """What a run is known by, arguments one by one; versions of libraries may differ."""
    rest = {name: value for name, value in identity.items() if name not in ("arguments", "versions", "space")}
    # the space last: it depends on the arguments, which say more
    return {**rest, **identity.get("arguments", {}), "space": identity.get("space")}


def _brief(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."
