"""The journal is the only state of a run: what was written is read back, whatever happened in between."""

import json
import zlib
from contextlib import suppress
from dataclasses import fields, replace
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from separate import signed

from automl import AutoML
from automl.errors import AutoMLError, RunDirError
from automl.testing.toys import outcome, record, toy_space
from automl.trials.events import with_check
from automl.trials.history import History
from automl.trials.journal import FORMAT, Journal
from automl.trials.measures import Measures
from automl.trials.recorded import Recorded
from automl.trials.run_dir import RunDir
from automl.trials.trial import Extent, Failure, FoldResult, Job, Outcome, Proposal, Rung, Trial

IDENTITY = {
    "data": "abc",
    "target": "y",
    "space": "def",
    "arguments": {"metric": "rmse", "cv": 5, "try_first": ["bowl(input)"] * 5, "search": "tpe"},
}
SPACE = toy_space()

numbers = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.floats(0, 1e6)
measures = st.builds(
    Measures,
    loss=numbers,
    train_loss=numbers,
    prepare_seconds=seconds,
    fit_seconds=seconds,
    predict_seconds=seconds,
    rows_predicted=st.integers(0, 10**6),
    model_bytes=st.integers(0, 10**12),
    peak_bytes=st.integers(0, 10**12),
    further=st.dictionaries(st.text(max_size=9), numbers, max_size=2),
)
folds = st.builds(
    FoldResult,
    fold=st.integers(0, 9),
    measures=measures,
    rounds=st.none() | st.integers(1, 1000),
    warnings=st.lists(st.text(), max_size=2).map(tuple),
)
several = st.lists(folds, max_size=3).map(tuple)
outcomes = st.builds(
    Outcome,
    folds=several,
    measures=measures,
    fold_losses=st.lists(numbers, max_size=3).map(tuple),
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


@pytest.mark.parametrize("killed", [False, True])
def test_what_a_trial_had_come_to_stays_where_it_does_not_end_well_again(tmp_path, killed):
    """Its files were lost, so that it runs again, and is cut."""
    path = tmp_path / "journal.jsonl"
    written(path, [0.5, 0.4])
    journal = Journal(path)
    history = History.open(SPACE, 0, journal, IDENTITY)
    before = history.trials[1]
    history.again([before])
    again = Job(Proposal(before.candidate, before.origin), trial=1)
    trial = history.start(again, 50.0)
    if killed:
        journal.close()
        journal = Journal(path)
        history = History.open(SPACE, 0, journal, IDENTITY)
        assert [one.number for one in history.unfinished] == [1]
        trial = history.start(again, 60.0)
    assert history.finish(trial, Failure("cut", "The search ended first."), 70.0) == before
    journal.close()
    assert opened(path).trials[1] == before


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
        history.finish(trial, outcome(float("nan")), 1.0)
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
        run_dir.journal.append("run", format=FORMAT, seed=1)
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


# ---- damage, and lines that another hand has written


def altered(line, place):
    return line[:place] + bytes([line[place] ^ 1]) + line[place + 1 :]


def test_a_line_that_was_changed_left_out_or_moved_is_found(tmp_path):
    path = tmp_path / "journal.jsonl"
    written(path, [0.5, 0.4, 0.3])
    lines = path.read_bytes().splitlines(keepends=True)
    score = lines[2].replace(b'"loss":0.5', b'"loss":0.1')
    assert score != lines[2]
    changes = {
        "line 3: it, or a line before it, was changed": [*lines[:2], score, *lines[3:]],
        "line 4: it, or a line before it, was changed": [*lines[:3], *lines[5:]],
        "line 2: it, or a line before it, was changed": [lines[0], *lines[3:5], *lines[1:3], *lines[5:]],
        "line 6: it has no checksum": [*lines[:5], b'{"event":"tick","seconds":1}\n', *lines[5:]],
    }
    for place in range(0, len(lines[4]) - 1, 7):
        changes[f"line 5.*{place}"] = [*lines[:4], altered(lines[4], place), *lines[5:]]
    for found, content in changes.items():
        path.write_bytes(b"".join(content))
        with pytest.raises(RunDirError, match=found.split(".*")[0]) as caught:
            opened(path)
        assert "\n" not in str(caught.value)
        assert path.read_bytes() == b"".join(content)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


@pytest.fixture(scope="module")
def whole_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("run") / "journal.jsonl"
    journal = Journal(path)
    history = History.open(SPACE, 7, journal, IDENTITY)
    history.session(0.0, {"arguments": {"search": "tpe", "max_trials": 3}, "lacking": []})
    for loss in (0.5, 0.4, None):
        record(history, Proposal(SPACE.sample(Random(str(loss))), "random"), loss)
    history.end("max_trials", 3.0, {0: 0.5, 1: 0.5}, refitted={0: Extent(0.75, 90)})
    journal.close()
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_a_journal_says_it_is_read_or_refused_in_a_sentence(whole_run, data):
    events = [dict(event) for event in whole_run]
    event = data.draw(st.sampled_from(events))
    name = data.draw(st.sampled_from([*event, "new"]))
    if data.draw(st.booleans()) and name in event:
        del event[name]
    else:
        event[name] = data.draw(json_values | st.sampled_from([one for e in events for one in e.values()]))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        path.write_bytes(signed(events))
        for read in (lambda: opened(path), lambda: Recorded(folder).arguments({})):
            with suppress(AutoMLError):  # anything else is raised
                read()


@pytest.mark.parametrize(
    ("place", "change", "found"),
    [
        (1, {"lacking": 5}, "lacking"),
        (2, {"candidate": "os(input)"}, "candidate"),
        (2, {"candidate": "bowl(input, x=7.0)"}, "candidate that is none of the search space"),
        (2, {"trial": 3}, "trial 3 cannot start here"),
        (2, {"threads": 0}, "threads"),
        (3, {"measures": {"loss": "0.1"}}, "loss"),
        (3, {"measures": {}}, "trial 0 ended well without a loss"),
        (3, {"measures": {"loss": 0.1, "fit_seconds": -1.0}}, "fit_seconds"),
        (3, {"loss": 0.1}, "unknown field `loss`"),
        (3, {"status": "great"}, "status|great"),
        (3, {"trial": 2}, "trial 2 cannot end here"),
        (-1, {"weights": {"9": 1.0}}, "members that are no trials"),
        (0, {"event": "tick"}, "line 1"),
        (0, {"seed": -1}, "seed"),
    ],
)
def test_what_a_line_may_not_say(tmp_path, whole_run, place, change, found):
    events = [dict(event) for event in whole_run]
    events[place].update(change)
    path = tmp_path / "journal.jsonl"
    path.write_bytes(signed(events))
    with pytest.raises(RunDirError, match=found):
        opened(path)


def run_of(folder, events):
    (folder / "journal.jsonl").write_bytes(signed(events))
    return folder


def trials_of(folder, events):
    return opened(run_of(folder, events) / "journal.jsonl").trials


def test_a_line_of_before_a_field_was_there_is_read(tmp_path, whole_run):
    """What has a default may be missing."""
    events = [dict(event) for event in whole_run]
    for name, place in (("threads", 2), ("why", 2), ("ended_after", 3), ("rounds", 3)):
        del events[place][name]
    assert trials_of(tmp_path, events) == trials_of(tmp_path, whole_run)


FORMAT_4 = (  # as it was written until then: two trials of a fold each
    b'{"event":"run","format":4,"seed":7,"seconds":0.0,"data":"abc","target":"y","arguments":{"search":"tpe"},"'
    b'space":"def","check":"fa3bad6b"}\n'
    b'{"event":"session","seconds":0.0,"arguments":{"search":"tpe"},"lacking":[],"check":"9dd15083"}\n'
    b'{"event":"start","trial":0,"candidate":"plain(input, strength=1.0)","rung":[1.0,1.0,1.0],"seed":108225193'
    b'6,"origin":"random","parents":[],"why":"","threads":1,"seconds":0.0,"check":"ddb7cc8f"}\n'
    b'{"event":"finish","trial":0,"status":"ok","loss":0.5,"train_loss":0.25,"fold_losses":[0.5],"prepare_secon'
    b'ds":0.1,"fit_seconds":0.2,"predict_seconds":0.3,"rows_predicted":3,"peak_bytes":9,"model_bytes":8,"rounds'
    b'":7,"error":null,"warnings":[],"folds":1,"write_seconds":0.4,"ended_after":[],"seconds":1.5,"check":"a17e'
    b'4acd"}\n'
    b'{"event":"start","trial":1,"candidate":"bowl(input, x=0.0, y=0.0)","rung":[1.0,1.0,1.0],"seed":1240250900'
    b',"origin":"random","parents":[],"why":"","threads":1,"seconds":2.0,"check":"b428f4e0"}\n'
    b'{"event":"finish","trial":1,"status":"failed","loss":null,"train_loss":null,"fold_losses":[0.5],"prepare_'
    b'seconds":0.1,"fit_seconds":0.2,"predict_seconds":0.3,"rows_predicted":3,"peak_bytes":0,"model_bytes":8,"r'
    b'ounds":null,"error":"No.","warnings":[],"folds":1,"write_seconds":0.4,"ended_after":[],"seconds":3.0,"che'
    b'ck":"4f2dc21f"}\n'
)


def test_a_run_of_the_format_before_goes_on(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_bytes(FORMAT_4)
    costs = {"prepare_seconds": 0.1, "fit_seconds": 0.2, "predict_seconds": 0.3, "write_seconds": 0.4}
    costs |= {"rows_predicted": 3, "model_bytes": 8}
    identity = {"data": "abc", "target": "y", "arguments": {"search": "tpe"}, "space": "def"}
    journal = Journal(path)
    history = History.open(SPACE, 7, journal, identity)
    ended, failed = history.trials
    assert (ended.measures, ended.rounds) == (Measures(0.5, 0.25, **costs, peak_bytes=9), 7)
    assert (failed.status, failed.measures) == ("failed", Measures(**costs))
    record(history, Proposal(SPACE.sample(Random(0)), "random"), 0.4)
    journal.close()
    assert path.read_bytes().startswith(FORMAT_4)
    assert opened(path, identity).trials == history.trials
    assert Recorded(tmp_path).trials[0] == ended


def test_further_measures_are_kept(tmp_path):
    measures = Measures(0.5, further={"carbon": 0.25})
    journal = Journal(tmp_path / "journal.jsonl")
    history = History.open(SPACE, 7, journal, IDENTITY)
    trial = record(history, Proposal(SPACE.sample(Random(0)), "random"), Outcome((), measures, (0.5,)))
    journal.close()
    assert trial.measures == measures == opened(tmp_path / "journal.jsonl").trials[0].measures


def test_a_line_says_every_field_of_a_trial(whole_run):
    """All but those that have a name or form of their own."""
    told = {name for event in whole_run if event["event"] in ("start", "finish") for name in event}
    assert {field.name for field in fields(Trial)} - told == {"number", "started", "finished"}


@pytest.mark.parametrize("name", ["seed", "origin", "status"])
def test_what_has_no_default_may_not_be_missing(tmp_path, whole_run, name):
    events = [dict(event) for event in whole_run]
    del next(event for event in events[1:] if name in event)[name]
    with pytest.raises(RunDirError, match=f"damaged journal.*{name}"):
        trials_of(tmp_path, events)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (b'{"event":"tick","seconds":', "line 3"),  # its checksum is right, but it is no JSON
        (b'{"event":"tick","seconds":"\xff"}', "line 3"),
        (b"[" * 100_000, "line 3"),
        (b"null", "line 3"),
    ],
)
def test_whoever_reads_a_damaged_journal_is_told_so_in_a_sentence(tmp_path, whole_run, line, found):
    content, check = b"", 0
    for event in whole_run[:2]:
        fields_of = {name: value for name, value in event.items() if name != "check"}
        whole, check = with_check(json.dumps(fields_of, separators=(",", ":")).encode(), check)
        content += whole
    body = b'%s,"check":"%08x"}\n' % (line[:-1], zlib.crc32(line[:-1] + b"}", check))
    (tmp_path / "journal.jsonl").write_bytes(content + body)
    for read in (lambda: opened(tmp_path / "journal.jsonl"), lambda: AutoML.replay(tmp_path)):
        with pytest.raises(RunDirError, match=f"damaged journal .{found}") as caught:
            read()
        assert "\n" not in str(caught.value)


def test_a_run_that_was_killed_before_its_first_trial_is_none_to_replay(tmp_path, whole_run):
    with pytest.raises(RunDirError, match="nothing to replay"):
        Recorded(run_of(tmp_path, whole_run[:2]))


def test_what_was_being_made_again_is_replayed_as_it_had_ended(tmp_path, whole_run):
    ended = next(event for event in whole_run if event["event"] == "finish" and event["trial"] == 1)
    again = next(event for event in whole_run if event["event"] == "start" and event["trial"] == 1)
    recorded = Recorded(run_of(tmp_path, [*whole_run[:-1], again]))
    assert (recorded.trials[1].status, recorded.trials[1].loss) == ("ok", ended["measures"]["loss"])
