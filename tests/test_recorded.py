"""`benchmarks/recorded.py` on toys and a tiny table: what is recorded, what surrogates say, and how searches replay."""

import gzip
import math
import sys
from itertools import islice
from pathlib import Path
from random import Random
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from automl.errors import ArgumentError
from automl.strategies.base import NO_CONTEXT
from automl.strategies.random_search import RandomSearch
from automl.testing.toys import record, toy_history, toy_loss, toy_space
from automl.trials.history import History
from automl.trials.trial import Proposal

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"
if not BENCHMARKS.exists():
    pytest.skip("the benchmarks are not part of this copy", allow_module_level=True)
sys.path.append(str(BENCHMARKS))

import recorded  # noqa: E402
import recorded_report  # noqa: E402
import recorded_runs  # noqa: E402
import recorded_surrogate  # noqa: E402
import recorded_table  # noqa: E402
import support  # noqa: E402
from recorded_pool import TURNS, Pool, joined  # noqa: E402
from recorded_replay import Scene, Search  # noqa: E402
from recorded_strategies import ABLATIONS, Alone, grid_of, strategy_of  # noqa: E402
from recorded_surrogate import Surrogate, truth  # noqa: E402

SPACE = toy_space()


def row_of(candidate, origin="random"):
    """A row as it would be recorded of a toy: sorters fail, mazes take ten times as long."""
    row = {"candidate": candidate.text, "origin": origin, "seconds": 1.0 if candidate.family == "maze" else 0.1}
    if candidate.family == "sorter":
        return row | {"status": "failed", "error": "A toy that fails."}
    return row | {"status": "ok", "loss": toy_loss(candidate), "test": toy_loss(candidate) + 0.1}


def rows_of(pool, count):
    rows = []
    for trial in islice(iter(pool.next, None), count):
        rows.append(row_of(trial.candidate, trial.origin))
        pool.end(trial, rows[-1])
    return rows


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recorded_surrogate, "TREES", 15)
        yield


@pytest.fixture(scope="module")
def rows():
    return rows_of(Pool(SPACE), 250)


@pytest.fixture(scope="module")
def scene(rows):
    task = SimpleNamespace(rows=100, columns=5, wide_columns=5, n_outputs=2)
    problem = SimpleNamespace(everything=SPACE, task=task, splits=[None] * 5, plain=True)
    surrogate = Surrogate(SPACE, rows)
    return Scene(problem, surrogate, surrogate.best(), len(rows))


# ---- files


def test_what_is_fresh_is_read_and_packed(tmp_path):
    assert recorded_table.begin("t", tmp_path) == []
    for text in ("a(input)", "b(input)"):
        support.add_row(recorded_table.fresh("t", tmp_path), {"candidate": text, "status": "ok"})
    with recorded_table.fresh("t", tmp_path).open("a") as file:
        file.write("c(input),rand")  # a kill in the middle of a row
    assert [row["candidate"] for row in recorded_table.read("t", tmp_path)] == ["a(input)", "b(input)"]
    recorded_table.pack("t", tmp_path)
    packed = recorded_table.packed("t", tmp_path).read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv.gz"]
    assert gzip.decompress(packed).decode().splitlines()[0] == ",".join(recorded_table.FIELDS)
    assert len(recorded_table.begin("t", tmp_path)) == 2
    recorded_table.pack("t", tmp_path)
    assert recorded_table.packed("t", tmp_path).read_bytes() == packed


# ---- what is recorded


def test_a_pool_has_everything(rows):
    first = list(dict.fromkeys(SPACE.first_candidates() + SPACE.first_candidates(textbook=True)))
    assert [row["candidate"] for row in rows[: len(first)]] == [one.text for one in first]
    drawn = [row["origin"] for row in rows[len(first) :]]
    assert {origin: drawn.count(origin) / len(drawn) for origin in set(drawn)} == pytest.approx(
        {origin: TURNS.count(origin) / len(TURNS) for origin in set(TURNS)}, abs=0.02
    )
    texts = [row["candidate"] for row in rows]
    assert len(set(texts)) == len(texts)
    assert {SPACE.parse(text).family for text in texts} == set(SPACE.models)
    assert any("stack(" in text for text in texts)
    assert any("union(" in text for text in texts)
    grown = [SPACE.parse(row["candidate"]) for row in rows if row["origin"] == "grown"]
    assert sum(map(joined, grown)) / len(grown) > 0.8


def test_a_pool_goes_on_where_it_was(rows):
    pool = Pool(SPACE, rows[:60])
    assert [row["candidate"] for row in rows_of(pool, 20)] == [row["candidate"] for row in rows[60:80]]


def test_children_are_of_what_went_well(rows):
    def middle(origin):
        return np.median([row["loss"] for row in rows if row["origin"] == origin and row["status"] == "ok"])

    assert middle("bred") < middle("random") - 0.1


def test_rows_of_another_space_are_left_out(rows):
    pool = Pool(SPACE, [{**rows[0], "candidate": "lightgbm(input)"}, *rows[1:5]])
    assert pool.history.candidates == 4


# ---- surrogates


def test_forests_rank_candidates_that_they_have_not_seen(rows):
    lines = truth(Surrogate(SPACE, rows).held_out())
    by_name = {line["family"]: line for line in lines}
    assert float(by_name["all"]["loss"]) > 0.8
    assert float(by_name["bowl"]["loss"]) > 0.6
    assert by_name["all"]["goal"] == ""
    assert by_name["all"]["test by validation"] == "1.00"


def test_a_surrogate_knows_who_fails_and_who_is_slow(scene):
    assert scene.surrogate.known == [name for name in SPACE.models if name != "sorter"]
    assert "sorter" not in scene.surrogate.space.models
    assert scene.surrogate(SPACE.parse("maze(input)")).seconds == pytest.approx(1.0)
    assert scene.surrogate(SPACE.parse("bowl(input)")).seconds == pytest.approx(0.1)


def test_the_portfolio_is_not_known_by_heart(rows):
    def said(origin):
        row = next(row for row in rows if row["origin"] == origin and row["candidate"].startswith("bowl("))
        lucky = [{**one, "loss": -9.0} if one is row else one for one in rows]
        return Surrogate(SPACE, lucky)(SPACE.parse(row["candidate"])).loss

    assert said("random") == pytest.approx(-9.0)
    assert said("portfolio") > -1.0


def test_a_family_that_fails_half_the_time():
    drawn = [SPACE.sample(Random(seed), ["bowl"]) for seed in range(80)]
    rows = [row_of(one) for one in drawn]
    for row, candidate in zip(rows, drawn, strict=True):
        if dict(candidate.root.params)["x"] > 0:
            row |= {"status": "cut", "loss": ""}
    surrogate = Surrogate(SPACE, rows)
    assert surrogate(SPACE.candidate("bowl", {"x": 4.0})).loss is None
    assert surrogate(SPACE.candidate("bowl", {"x": -4.0})).loss is not None


def test_trees_have_coordinates_of_their_own(scene):
    coordinates = scene.surrogate.coordinates

    def of(text):
        return dict(zip(coordinates.names, coordinates.of(SPACE.parse(text)).tolist(), strict=True))

    tree = of("plain(stack(bowl(input), union(input, rank(input))))")
    assert (tree["stack"], tree["union"], tree["rank"], tree["level"]) == (1, 1, 1, 0)
    assert tree["stacked"] == 1 + list(SPACE.models).index("bowl")
    assert tree["rank.bins"] != -1
    assert (tree["plain"], tree["bowl"], tree["bowl.x"]) == (1, 0, -1)
    assert [coordinates.names[place] for place in coordinates.places("bowl")][-2:] == ["bowl.x", "bowl.y"]
    assert of("plain(input)")["rank.bins"] == -1
    assert of("plain(input)") != of("plain(level(input))")


def test_nothing_recorded_is_one_sentence():
    with pytest.raises(SystemExit, match="record some candidates first"):
        Surrogate(SPACE, [])
    with pytest.raises(SystemExit, match="Nothing is recorded in"):
        recorded.main(["surrogate", "--folder", "/nowhere"])


# ---- replays


@pytest.mark.parametrize(("seconds", "trials", "ended"), [(1e9, 30, "trials"), (3.0, 10**6, "seconds")])
def test_a_search_ends_by_its_limits(scene, seconds, trials, ended):
    search = Search(scene, "random", 0, seconds, trials)
    assert search.run() == ended
    assert search.history.candidates <= trials
    spent = sum(scene.surrogate(trial.candidate).seconds for trial in search.history.trials)
    assert search.now == pytest.approx(spent)
    assert search.now - search.history.trials[-1].work_seconds < seconds
    losses = [loss for _, _, loss in search.curve]
    assert losses == sorted(losses, reverse=True)
    assert search.curve[-1][2] == search.history.searched()[0].loss


def test_a_search_can_be_had_again(scene):
    def curve(seed):
        search = Search(scene, "gp", seed, 1e9, 40)
        search.run()
        return search.curve

    assert curve(1) == curve(1) != curve(2)


def test_workers_side_by_side_do_not_know_what_the_others_come_to(scene):
    search = Search(scene, "evolutionary", 0, 1e9, 30, workers=4)
    assert search.run() == "trials"
    trials = search.history.trials
    assert len(trials) == 30
    assert all(trial.finished is not None for trial in trials)
    assert search.now < 0.5 * sum(trial.work_seconds for trial in trials)
    for trial in trials:
        running = [one for one in trials if one.started <= trial.started < one.finished and one is not trial]
        assert len(running) <= 3
    assert all(trial.started >= trials[parent].finished for trial in trials for parent in trial.parents)


def test_what_is_finite_is_exhausted(scene):
    search = Search(scene, "manual", 0, 1e9, 100)
    assert search.run() == "exhausted"
    listed = [candidate.text for candidate in SPACE.first_candidates(textbook=True)]
    assert [trial.candidate.text for trial in search.history.trials] == listed


def test_breeding_beats_random_draws_on_a_surrogate(scene):
    def last(text):
        searches = [Search(scene, text, seed, 1e9, 60) for seed in range(3)]
        return np.mean([search.run() and search.curve[-1][2] for search in searches])

    assert last("gp") < last("random")


def test_parts_of_the_mixture_can_be_left_out(scene):
    for text in ABLATIONS:
        strategy = strategy_of(text, scene.surrogate.space, NO_CONTEXT)
        history = toy_history(scene.surrogate.space, 6, origin="portfolio")
        assert strategy.ask(history, 1) is not None
    search = Search(scene, "auto without portfolio", 0, 1e9, 30)
    search.run()
    assert {trial.origin for trial in search.history.trials} <= {"tpe", "gp"}
    search = Search(scene, "auto without gp", 0, 1e9, 12)
    search.run()
    assert {trial.origin for trial in search.history.trials} == {"portfolio", "tpe"}


def test_alone_sees_no_trials_of_others():
    seen = []

    class Looks(RandomSearch):
        def ask(self, history, seed):
            seen.extend((trial.origin, trial.loss) for trial in history.trials)
            return Proposal(history.space.sample(Random(seed)), self.name, (len(history.trials) - 1,))

    history = History(SPACE, 0)
    for number, origin in enumerate(("gp", "portfolio", "gp", "random")):
        record(history, Proposal(SPACE.sample(Random(number)), origin), float(number))
    assert Alone(Looks()).ask(history, 0).parents == (3,)
    assert seen == [("portfolio", 1.0), ("random", 3.0)]


def test_some_parameters_of_a_family(scene):
    space = scene.surrogate.space
    draws = [strategy_of("random:maze:2", space, NO_CONTEXT).ask(History(space, 0), seed) for seed in range(20)]
    assert len({draw.candidate.key for draw in draws}) > 10
    drawn = ("way", "rate", "drop")  # the third is there where the first is "right"
    rest = {tuple(pair for pair in draw.candidate.root.params if pair[0] not in drawn) for draw in draws}
    assert len(rest) == 1
    grid = grid_of(space, "maze", 2)
    assert len(grid.values["maze.rate"]) == 10
    assert len(grid.values["maze.way"]) == 5
    search = Search(scene, "grid:maze:2", 0, 1e9, 100)
    assert search.run() == "exhausted"
    assert search.history.candidates == 50
    assert {trial.candidate.family for trial in search.history.trials} == {"maze"}
    for text in ("random:nobody:2", "grid:maze:many", "lattice:maze:2"):
        with pytest.raises(ArgumentError, match="must be random:FAMILY:COUNT"):
            strategy_of(text, space, NO_CONTEXT)


# ---- reports


def searches():
    """Two tables, four seeds: `quick` is at half of the regret of `random` from the first candidate on."""
    rows = []
    for table, best in (("one", -0.9), ("two", 10.0)):
        for seed in range(4):
            for name, share in (("random", 1.0), ("quick", 0.5)):
                curve = ";".join(
                    f"{count}/{2 * count}/{best + share * (1 + seed / 10) * 2 / count}" for count in (1, 4, 16)
                )
                rows.append({
                    "label": "now", "table": table, "strategy": name, "seed": str(seed), "seconds": "60",
                    "trials": "20", "workers": "1", "tried": "20", "spent": "40", "asking": "0.2", "ended": "trials",
                    "curve": curve,
                    "error": "", "best": str(best), "usual": str(best + 2),
                })  # fmt: skip
    return rows


def test_curves_are_read_at_any_place():
    curve = [(2, 5.0, 1.5), (7, 20.0, 0.25)]
    assert [recorded_report.at(curve, place, 0) for place in (1, 2, 6, 7, 100)] == [1.5, 1.5, 1.5, 0.25, 0.25]
    assert [recorded_report.at(curve, place, 1) for place in (5, 19.9, 20)] == [1.5, 1.5, 0.25]
    assert recorded_report.at([(2, 5.0, 0.5)], 1, 0) == 1.0
    assert [recorded_report.reached(curve, regret) for regret in (2.0, 1.0, 0.1)] == [5.0, 20.0, math.inf]


def test_a_report_says_who_is_better(capsys):
    frame = recorded_report.read(searches(), "now", (60, 20, 1))
    told = recorded_report.ranks(frame, 4, 0)
    assert (told["quick"] == 1).all()
    assert (told["random"] == 2).all()
    recorded_report.report(frame)
    text = capsys.readouterr().out
    assert "| quick | 1.0 (1.0 to 1.0) |" in text
    assert "4 seeds of one, two." in text
    assert "| quick | 20 | 40 | 0.036 | 10 | trials | 32 s (100%) |" in text


def test_intervals_cover_the_mean():
    values = pd.DataFrame({"a": Random(0).choices(range(100), k=60)}, index=pd.Index(["x", "y"] * 30, name="table"))
    told = recorded_report.interval(values).loc["a"]
    assert told["mean"] == pytest.approx(values["a"].mean())
    spread = 1.96 * values["a"].std() / math.sqrt(60)
    assert told["high"] - told["low"] == pytest.approx(2 * spread, rel=0.2)


def test_a_plot_is_the_same_each_time(tmp_path):
    pytest.importorskip("matplotlib")
    frame = recorded_report.read(searches(), "now", (60, 20, 1))
    for name in ("a.svg", "b.svg"):
        recorded_report.plot(frame, tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
    assert "quick" in (tmp_path / "a.svg").read_text()


# ---- a tiny table


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """A folder of data sets with one small table; workers find it by the environment."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=160), "colour": rng.choice(list("abc"), 160)})
    frame["y"] = np.where(frame["x"] + rng.normal(size=160) / 3 > 0, "yes", "no")
    (tmp_path / "data" / "tiny").mkdir(parents=True)
    for part, rows in (("train", frame[:120]), ("test", frame[120:])):
        rows.to_csv(tmp_path / "data" / "tiny" / f"{part}.csv.gz", index=False)
    toml = '[tiny]\ntask = "binary"\nmetric = "roc_auc"\ntarget = "y"\nrows_train = 120\n'
    (tmp_path / "data" / "datasets.toml").write_text(toml)
    monkeypatch.setattr(support, "DATASETS", tmp_path / "data")
    monkeypatch.setenv("AUTOML_DATASETS", str(tmp_path / "data"))
    return "tiny"


def test_a_row_says_what_a_candidate_came_to(tiny, tmp_path):
    bench = recorded_table.Bench(recorded_table.Problem(tiny), tmp_path / "files")
    row = bench.row(bench.problem.space.default("decision_tree").text, 5.0)
    folds = [float(loss) for loss in row["folds"].split(";")]
    assert len(folds) == 5
    assert float(row["loss"]) == pytest.approx(np.mean(folds), abs=1e-5)
    assert row["status"] == "ok"
    assert -1 <= float(row["test"]) < -0.7
    neighbours = bench.problem.space.default("knn")
    cut = bench.row(neighbours.text, 0.0)
    assert (cut["status"], "loss" in cut) == ("cut", False)
    assert cut["seconds"] > 0
    assert list((tmp_path / "files").rglob(neighbours.key)) == []


@pytest.mark.slow
def test_recording_goes_on_where_it_was(tiny, tmp_path):
    folder = tmp_path / "recorded"
    assert recorded_runs.record(tiny, 2, 5.0, 1, folder) == 2
    before = recorded_table.read(tiny, folder)
    assert recorded_runs.record(tiny, 5, 5.0, 2, folder) == 5
    rows = recorded_table.read(tiny, folder)
    assert rows[:2] == before
    assert [row["status"] for row in rows] == ["ok"] * 5
    assert [path.name for path in folder.iterdir()] == ["tiny.csv.gz"]


@pytest.mark.slow
def test_what_does_not_end_is_killed(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(recorded_runs, "PATIENCE", -1.0)  # over as soon as it begins
    assert recorded_runs.record(tiny, 2, 5.0, 1, tmp_path / "recorded") == 2
    rows = recorded_table.read(tiny, tmp_path / "recorded")
    assert [(row["status"], row["loss"]) for row in rows] == [("cut", "")] * 2
