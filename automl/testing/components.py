"""A conformance suite for model families and preparation steps: everything that a search space declares runs.

For a folder of your own::

    class TestMine(ComponentSuite):
        def space(self):
            return read_space("my_spaces/")

pytest then runs every check of the suite on each of its models and steps, for each kind of task.
"""

from __future__ import annotations

import pickle
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from automl.columns.columns import Columns
from automl.columns.table import Table
from automl.estimators.staged import FitControl
from automl.evaluate.limits import contained
from automl.pipeline.build import Recipe, build, predict
from automl.space.candidate import LEAF, Candidate, Node
from automl.space.component import Component
from automl.space.space import Space
from automl.testing.toys import KINDS

ROWS = 60
LABELS = np.array(["a", "b", "c"])
Array = NDArray[Any]


def example(rows: int = ROWS, seed: int = 0) -> pd.DataFrame:
    """Numbers, one with gaps; a flag; categories, one with gaps."""
    rng = np.random.default_rng(seed)
    gaps, lost = rng.random(rows) < 0.2, rng.random(rows) < 0.2
    return pd.DataFrame(
        {
            "first": rng.normal(size=rows),
            "large": rng.normal(1e4, 1e3, rows),
            "gaps": np.where(gaps, np.nan, rng.normal(size=rows)),
            "flag": rng.random(rows) < 0.5,
            "town": rng.choice(["Rome", "Oslo", "Bonn"], rows),
            "grade": pd.Series(rng.choice(["x", "y"], rows), dtype=object).where(~lost, None),
        }
    )


def target(frame: pd.DataFrame, kind: str) -> Array:
    """Something that can be learned; labels in classification."""
    signal = frame["first"].to_numpy() + (frame["town"] == "Rome").to_numpy() - 0.5 * frame["flag"].to_numpy()
    if kind == "regression":
        return 1e3 + 50 * signal
    cuts = [0.0] if kind == "binary" else [-0.4, 0.6]
    return np.asarray(LABELS[np.digitize(signal, cuts)])


class ComponentSuite:
    """The checks; a subclass gives the space.

    Attributes
    ----------
    draws : int
        Random settings of each component that are fitted.
    hosts : dict
        Family on which the steps are tried, by kind of task.
    """

    draws = 3
    hosts = {"binary": "naive_bayes", "multiclass": "naive_bayes", "regression": "ridge"}  # noqa: RUF012

    def space(self) -> Space:
        """Return the space, before it was cut to a task."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each component and kind of task that it is for."""
        if type(self).space is ComponentSuite.space:
            return
        space = self.space()
        components = [*space.models.values(), *space.steps.values()]
        pairs = [(c.name, kind) for c in components for kind in KINDS if c.estimator.path(kind) is not None]
        if "name" in metafunc.fixturenames:
            metafunc.parametrize(("name", "kind"), pairs)
        if "classifies" in metafunc.fixturenames:
            metafunc.parametrize("classifies", [name for name, kind in pairs if kind == "multiclass"])

    @pytest.fixture(autouse=True)
    def quiet(self) -> Any:
        """One native thread, and no warnings of models that have not converged on so few rows."""
        with threadpool_limits(1), contained(1), warnings.catch_warnings():
            yield

    # ---- what the checks are made of

    def for_task(self, kind: str) -> Space:
        """The space for the example."""
        return self.space().for_task(kind, 2 * ROWS // 3, 6, meta_features=("several",))

    def candidate(self, space: Space, name: str, values: dict[str, Any]) -> Candidate:
        """The model, or the step under its host."""
        node = space.node(name, values, LEAF, strict=False)
        if name in space.models:
            return Candidate(node)
        host = self.hosts[space.kind or "binary"]
        return Candidate(Node(host, space.component(host).complete({}), (node,)))

    def pipeline(self, space: Space, candidate: Candidate, seed: int = 3) -> Pipeline:
        """A pipeline that is not fitted."""
        kind = space.kind or "binary"
        classes = {"binary": LABELS[:2], "multiclass": LABELS, "regression": None}[kind]
        metric = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}[kind]
        return build(
            candidate,
            Recipe(space, kind, classes, n_categories=2, metric=metric, seed=seed, control=FitControl(rounds=10)),
        )

    def fitted(self, name: str, kind: str) -> tuple[Pipeline, Columns]:
        """The component as cheap as it gets, fitted on the example."""
        space, frame = self.for_task(kind), example()
        columns = Columns.learn(frame)
        pipeline = self.pipeline(space, self.candidate(space, name, cheap(space.component(name))))
        return pipeline.fit(columns.encode(frame), target(frame, kind)), columns

    def check(self, values: Array, rows: int, kind: str) -> None:
        """Finite, one a row; probabilities of all classes that sum to 1."""
        width = {"binary": 2, "multiclass": 3}.get(kind)
        assert values.shape == ((rows,) if width is None else (rows, width))
        assert np.isfinite(values).all()
        if width is not None:
            assert (values >= 0).all()
            np.testing.assert_allclose(values.sum(axis=1), 1.0, rtol=1e-5)

    # ---- checks

    def test_default_and_draws_fit(self, name: str, kind: str) -> None:
        """The defaults, and whatever the declaration allows."""
        space, frame = self.for_task(kind), example()
        component, rng = space.component(name), Random(1)
        drawn = ({p.name: p.domain.from_unit(rng.random()) for p in component.params} for _ in range(self.draws))
        settings: list[dict[str, Any]] = [{}, *drawn]
        table = Columns.learn(frame).encode(frame)
        other = Columns.learn(frame).encode(example(20, seed=1))
        for values in settings:
            candidate = self.candidate(space, name, values)
            assert space.check(candidate) is None
            pipeline = self.pipeline(space, candidate).fit(table, target(frame, kind))
            self.check(predict(pipeline, other), 20, kind)

    def test_survives_what_comes_at_prediction(self, name: str, kind: str) -> None:
        """One row, a category never seen, a row without a value; pickled and not."""
        pipeline, columns = self.fitted(name, kind)
        frame = example(20, seed=1)
        odd = frame.head(3).astype(object)
        odd["town"] = np.array(["Rome", "Atlantis", "Oslo"], dtype=object)
        odd["first"] = np.array([0.0, 1e12, -1e12], dtype=object)
        odd.iloc[0] = None
        whole = predict(pipeline, columns.encode(frame))
        self.check(whole, 20, kind)
        self.check(predict(pipeline, columns.encode(odd)), 3, kind)
        single = predict(pipeline, columns.encode(frame.iloc[[7]]))
        np.testing.assert_allclose(single[0], whole[7], rtol=1e-4, atol=1e-6)
        again = pickle.loads(pickle.dumps(pipeline))
        np.testing.assert_array_equal(predict(again, columns.encode(frame)), whole)

    def test_several_threads_may_ask_at_once(self, name: str, kind: str) -> None:
        """As the threads of a web server do: each has its own rows' answers."""
        pipeline, columns = self.fitted(name, kind)
        tables = [columns.encode(example(rows, seed=rows)) for rows in (1, 5, 50, 120)]
        alone = [predict(pipeline, table) for table in tables]
        with ThreadPoolExecutor(4) as threads:
            together = list(threads.map(predict, [pipeline] * 20, tables * 5))
        for place, found in enumerate(together):
            np.testing.assert_array_equal(found, alone[place % 4])

    def test_the_seed_decides(self, name: str, kind: str, tmp_path: Path) -> None:
        """A clone, fitted on memory-mapped arrays as workers get them, which cannot be written, predicts the same."""
        space, frame = self.for_task(kind), example()
        table, y = Columns.learn(frame).encode(frame), target(frame, kind)
        pipeline = self.pipeline(space, self.candidate(space, name, cheap(space.component(name))))
        twin = clone(pipeline)
        first = predict(pipeline.fit(table, y), table)
        for part, array in (("numbers", table.numbers), ("codes", table.codes), ("y", y)):
            np.save(tmp_path / f"{part}.npy", array)
        numbers, codes, y = (np.load(tmp_path / f"{part}.npy", mmap_mode="r") for part in ("numbers", "codes", "y"))
        mapped = Table(numbers, codes, table.levels)
        np.testing.assert_array_equal(predict(twin.fit(mapped, y), mapped), first)

    def test_columns_without_news(self, name: str, kind: str) -> None:
        """Constant in these rows, or missing throughout."""
        space, frame = self.for_task(kind), example()
        y, news = target(frame, kind), frame["first"].to_numpy()
        numbers = np.column_stack([np.full(ROWS, 7.0), news, np.zeros(ROWS), np.full(ROWS, np.nan)])
        codes = np.column_stack([np.ones(ROWS), np.full(ROWS, -1)]).astype(np.int32)
        pipeline = self.pipeline(space, self.candidate(space, name, cheap(space.component(name))))
        table = Table(numbers, codes, (3, 2))
        self.check(predict(pipeline.fit(table, y), table), ROWS, kind)

    def test_a_class_that_training_rows_lack(self, classifies: str) -> None:
        """Its share is small, and there."""
        name, kind = classifies, "multiclass"
        space, frame = self.for_task(kind), example()
        y = target(frame, kind)
        held = np.flatnonzero(y != "b")
        table = Columns.learn(frame).encode(frame)
        pipeline = self.pipeline(space, self.candidate(space, name, cheap(space.component(name))))
        probabilities = predict(pipeline.fit(table.take(held), y[held]), table)
        self.check(probabilities, ROWS, kind)
        assert probabilities[:, 1].max() < 0.01


def cheap(component: Component) -> dict[str, Any]:
    """Values that cost least time, defaults where there is none."""
    return {param.name: param.cheap for param in component.params if param.cheap is not None}
