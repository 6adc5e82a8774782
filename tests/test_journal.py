"""The journal is the only state of a run: what was written is read back, whatever happened in between."""

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automl.errors import RunDirError
from automl.testing.toys import outcome, record, toy_space
from automl.trials.history import History
from automl.trials.journal import Journal
from automl.trials.run_dir import RunDir
from automl.trials.trial import Failure, FoldResult, Job, Outcome, Proposal, Rung

IDENTITY = {
    "data": "abc",
    "target": "y",
    "space": "def",
    "arguments": {"metric": "rmse", "cv": 5, "try_first": ["bowl(input)"] * 5, "search": "tpe"},
}
SPACE = toy_space()

numbers = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.floats(0, 1e6)
folds = st.builds(
    FoldResult,
    fold=st.integers(0, 9),
    loss=numbers,
    train_loss=numbers,
    prepare_seconds=seconds,
    fit_seconds=seconds,
    predict_seconds=seconds,
    rows_predicted=st.integers(0, 10**6),
    model_bytes=st.integers(0, 10**12),
    rounds=st.none() | st.integers(1, 1000),
    warnings=st.lists(st.text(), max_size=2).map(tuple),
)
several = st.lists(folds, max_size=3).map(tuple)
outcomes = st.builds(
    Outcome,
    folds=several,
    loss=numbers,
    fold_losses=st.lists(numbers, max_size=3).map(tuple),
    train_loss=numbers,
    peak_bytes=st.integers(0, 10**12),
    rounds=st.none() | st.integers(1, 1000),
)
failures = st.builds(
    Failure,
    kind=st.sampled_from(["failed", "timeout", "memory", "crashed", "cut"]),
    message=st.text(),
    folds=several,
)
proposals = st.builds(
    Proposal,
    candidate=st.randoms(use_true_random=False).map(SPACE.sample),
    origin=st.sampled_from(["random", "tpe", "gp", "user"]),
    parents=st.lists(st.integers(0, 50), max_size=3).map(tuple),
)
rungs = st.builds(Rung, rows=st.floats(0.01, 1), iterations=st.floats(0.01, 1), folds=st.floats(0.01, 1))


def opened(path, identity=IDENTITY):
    journal = Journal(path)
    try:
        return History.open(SPACE, 7, journal, identity)
    finally:
        journal.close()


def written(path, losses, running=0):
    """A journal of finished and unfinished trials."""
    journal = Journal(path)
    history = History.open(SPACE, 7, journal, IDENTITY)
    for place, loss in enumerate([*losses, *[None] * running]):
        candidate = SPACE.candidate("bowl", {"x": place / 100})
        record(history, Proposal(candidate, "random"), loss)
    journal.close()
    return history


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(proposals, rungs, outcomes | failures | st.none(), seconds), max_size=5))
def test_every_trial_reads_back_equal(steps):
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        journal = Journal(path)
        history = History.open(SPACE, 7, journal, IDENTITY)
        for proposal, rung, result, now in steps:
            earlier = tuple(parent for parent in proposal.parents if parent < len(history.trials))
            trial = history.start(Job(replace(proposal, parents=earlier), rung), round(now, 3))
            if result is not None:
                history.finish(trial, result, round(now + 1, 3))
        journal.close()
        again = opened(path)
    assert again.trials == history.trials
    assert again.seed == 7
    assert again.unfinished == history.running()


def test_cut_at_any_byte(tmp_path):
    """Every line that was whole counts, the half one never happened; the next one starts on a line of its own."""
    path = tmp_path / "journal.jsonl"
    written(path, [0.5, 0.4, 0.3], running=1)
    content = path.read_bytes()
    ends = [place for place, byte in enumerate(content) if byte == ord("\n")]
    for stop in [*range(ends[0] + 1, len(content), 23), *(end + step for end in ends for step in (0, 1))]:
        path.write_bytes(content[:stop])
        journal = Journal(path)
        whole = content[:stop].count(b"\n")
        assert len(journal.events) == whole
        history = History.open(SPACE, 7, journal, IDENTITY)
        before = len(history.trials)
        record(history, Proposal(SPACE.candidate("plain"), "random"), 0.1)
        journal.close()
        assert all(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
        assert len(opened(path).trials) == before + 1


def test_a_file_cut_in_its_first_line_starts_anew(tmp_path):
    path = tmp_path / "journal.jsonl"
    written(path, [0.5])
    path.write_bytes(path.read_bytes()[:20])
    assert opened(path).trials == []


def test_unfinished_trials_run_again_under_their_number(tmp_path):
    path = tmp_path / "journal.jsonl"
    written(path, [0.5], running=2)
    journal = Journal(path)
    history = History.open(SPACE, 0, journal, IDENTITY)
    assert [trial.number for trial in history.unfinished] == [1, 2]
    first = history.unfinished[0]
    trial = history.start(Job(Proposal(first.candidate, first.origin), trial=first.number), 50.0)
    assert (trial.number, trial.started, trial.seed) == (1, 50.0, first.seed)
    history.finish(trial, outcome(0.2), 51.0)
    journal.close()
    assert [trial.status for trial in opened(path).trials] == ["ok", "ok", "running"]


def test_two_starts_without_an_end_are_a_failure(tmp_path):
    path = tmp_path / "journal.jsonl"
    written(path, [0.5], running=1)
    journal = Journal(path)
    history = History.open(SPACE, 0, journal, IDENTITY)
    first = history.unfinished[0]
    history.start(Job(Proposal(first.candidate, first.origin), trial=1), 50.0)
    journal.close()  # and dies again
    for _ in range(2):
        history = opened(path)
        assert history.unfinished == []
        assert (history.trials[1].status, history.trials[1].error) == ("crashed", "Ended the process twice.")


def test_seconds_of_earlier_sessions_count(tmp_path):
    path = tmp_path / "journal.jsonl"
    history = written(path, [0.5, 0.4])
    assert opened(path).spent == history.trials[-1].finished


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"data": "other"}, "another data"),
        ({"target": "z"}, "another target"),
        ({"space": "other"}, "another space"),
        ({"arguments": {**IDENTITY["arguments"], "metric": "mae"}}, "another metric .rmse, now mae"),
        ({"arguments": {**IDENTITY["arguments"], "search": "gp"}}, "another search .tpe, now gp"),
    ],
)
def test_another_run_is_refused_by_what_differs(tmp_path, change, named):
    path = tmp_path / "journal.jsonl"
    written(path, [0.5])
    with pytest.raises(RunDirError, match=named) as caught:
        opened(path, {**IDENTITY, **change})
    assert "resume=False" in str(caught.value)


def test_facts_of_a_run_must_agree(tmp_path):
    path = tmp_path / "journal.jsonl"
    for value, agrees in (("abc", True), ("abc", True), ("other", False)):
        journal = Journal(path)
        history = History.open(SPACE, 7, journal, IDENTITY)
        if agrees:
            history.agree("splits", value)
        else:
            with pytest.raises(RunDirError, match="splits"):
                history.agree("splits", value)
        journal.close()


def test_other_versions_of_libraries_are_no_obstacle(tmp_path):
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    History.open(SPACE, 7, journal, {**IDENTITY, "versions": {"numpy": "2.0"}})
    journal.close()
    assert opened(path, {**IDENTITY, "versions": {"numpy": "2.1"}}).seed == 7


def test_no_number_that_json_lacks_is_written(tmp_path):
    journal = Journal(tmp_path / "journal.jsonl")
    history = History.open(SPACE, 7, journal, IDENTITY)
    trial = history.start(Job(Proposal(SPACE.candidate("bowl"), "random")), 0.0)
    with pytest.raises(ValueError, match="JSON"):
        history.finish(trial, replace(outcome(0.5), loss=float("nan")), 1.0)
    journal.close()
    lines = journal.path.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["run", "start"]


# ---- the folder


def test_a_folder_has_one_user_at_a_time(tmp_path):
    with RunDir(tmp_path / "run"), pytest.raises(RunDirError, match="in use by another run"):
        RunDir(tmp_path / "run")
    with RunDir(tmp_path / "run"):
        pass


def test_resume_says_whether_a_journal_is_wanted(tmp_path):
    with pytest.raises(RunDirError, match="holds no run to resume"):
        RunDir(tmp_path / "run", resume=True)
    with RunDir(tmp_path / "run") as run_dir:
        run_dir.journal.append("run", seed=1)
    with RunDir(tmp_path / "run", resume=True) as run_dir:
        assert len(run_dir.journal.events) == 1
    with RunDir(tmp_path / "run", resume=False) as run_dir:
        assert run_dir.journal.events == []


def test_a_temporary_folder_goes_with_its_run():
    with RunDir(None) as run_dir:
        path = run_dir.path
        assert path.exists()
    assert not path.exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(RunDirError, match="file"):
        RunDir(tmp_path / "file" / "run")
