"""A conformance suite for staged models: their curves, the stage they use, how they go on and how they end.

For a folder of your own::

    class TestMine(StagedSuite):
        def space(self):
            return read_space("my_spaces/")

pytest then runs every check of the suite on each family whose model is a `StagedModel`, for each kind of task.
"""

from __future__ import annotations

import pickle
import time
import warnings
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from automl.columns.columns import Columns
from automl.columns.table import Table
from automl.estimators.staged import WHOLE, FitControl, Pruned, StagedModel
from automl.evaluate.limits import contained
from automl.pipeline.build import Recipe, build, innermost, missing_libraries, predict, staged_model_of
from automl.space.space import Space
from automl.testing.components import LABELS, example, target
from automl.testing.toys import KINDS

ROWS, VALID = 160, 80
SHARE = 0.01  # of the iterations, that a fit goes on from
OUT_OF_REACH = -10.0
Array = NDArray[Any]


class StagedSuite:
    """The checks; a subclass gives the space.

    Attributes
    ----------
    untimed : collection of str
        Families that have no place to look at a deadline.
    unpruned : collection of str
        Those that do not look whether a loss can be reached.
    exact : collection of str
        Those that go on as if they had never paused; the curves of others come as low.
    """

    untimed: frozenset[str] = frozenset()
    unpruned: frozenset[str] = frozenset()
    exact: frozenset[str] = frozenset()

    def space(self) -> Space:
        """Return the space, before it was cut to a task."""
        raise NotImplementedError

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """One test for each staged family and kind of task that it is for."""
        if type(self).space is StagedSuite.space or "name" not in metafunc.fixturenames:
            return
        space = self.space()
        names = [name for name in space.models if name not in missing_libraries(space)]
        pairs = [(name, kind) for name in names for kind in KINDS if space.models[name].estimator.path(kind)]
        staged = [
            (name, kind) for name, kind in pairs if isinstance(self.model(self.unfitted(name, kind)), StagedModel)
        ]
        metafunc.parametrize(("name", "kind"), staged)

    @pytest.fixture(autouse=True)
    def quiet(self) -> Any:
        """One native thread, and no warnings of models that have not converged on so few rows."""
        with threadpool_limits(1), contained(1), warnings.catch_warnings():
            yield

    # ---- what the checks are made of

    def unfitted(self, name: str, kind: str, control: FitControl = WHOLE) -> Pipeline:
        """A pipeline of the family's defaults."""
        space = self.space().for_task(kind, ROWS, 6)
        classes = {"binary": LABELS[:2], "multiclass": LABELS, "regression": None}[kind]
        metric = "rmse" if kind == "regression" else "log_loss"
        recipe = Recipe(space, kind, classes, n_categories=2, metric=metric, seed=3, control=control)
        return build(space.default(name), recipe)

    def model(self, pipeline: Pipeline) -> Any:
        """The staged model, fitted or not."""
        return innermost(pipeline[-1])

    def fitted(self, pipeline: Pipeline, kind: str, earlier: Pipeline | None = None, validate: bool = True) -> Pipeline:
        """The pipeline, fitted as an evaluation does it."""
        table, y, rows = self.data(kind)
        if earlier is not None:
            self.model(pipeline).continue_from(self.model(earlier))
        matrix = pipeline[:-1].fit_transform(table.take(rows[VALID:]), y[VALID:])
        held = (pipeline[:-1].transform(table.take(rows[:VALID])), y[:VALID])
        pipeline[-1].fit(matrix, y[VALID:], **({"eval_set": held} if validate else {}))
        return pipeline

    def data(self, kind: str) -> tuple[Table, Array, Array]:
        """Table, target and row numbers; the first are for validation. Noise lets curves turn up."""
        frame = example(ROWS + VALID)
        y = target(frame, kind)
        lost = np.random.default_rng(5).random(len(y)) < 0.1
        return Columns.learn(frame).encode(frame), np.where(lost, y[::-1], y), np.arange(len(y))

    def predicted(self, pipeline: Pipeline, kind: str) -> Array:
        """Of the validation rows."""
        table, _, rows = self.data(kind)
        return predict(pipeline, table.take(rows[:VALID]))

    def loss(self, pipeline: Pipeline, kind: str) -> float:
        """What the curve is of."""
        values, y = self.predicted(pipeline, kind), self.data(kind)[1][:VALID]
        if kind == "regression":
            return float(np.sqrt(np.mean((values - y) ** 2)))
        return float(-np.log(values[np.arange(VALID), np.searchsorted(LABELS, y)]).mean())

    # ---- checks

    def test_a_stage_is_chosen_by_the_curve(self, name: str, kind: str) -> None:
        """Predictions are those of the stage that is set, after a pickle, too."""
        pipeline = self.fitted(self.unfitted(name, kind), kind)
        model = staged_model_of(pipeline)
        assert model is not None
        assert model.curve_ is not None
        assert len(model.curve_) > 1
        assert np.isfinite(model.curve_).all()
        assert model.rounds_ == np.argmin(model.curve_) + 1
        assert model.ended_after_ is None
        again = pickle.loads(pickle.dumps(pipeline))
        best, lowest = self.predicted(pipeline, kind), self.loss(pipeline, kind)
        np.testing.assert_array_equal(self.predicted(again, kind), best)
        model.rounds_ = self.model(again).rounds_ = other = 1 if model.rounds_ > 1 else len(model.curve_)
        earlier = self.predicted(pipeline, kind)
        assert not np.allclose(earlier, best)
        assert self.loss(pipeline, kind) > lowest
        np.testing.assert_array_equal(self.predicted(again, kind), earlier)
        assert self.model(clone(pipeline)).control == model.control
        refit = self.fitted(self.unfitted(name, kind, FitControl(rounds=other)), kind, validate=False)
        assert staged_model_of(refit) is None
        assert self.model(refit).rounds_ == other
        np.testing.assert_allclose(self.predicted(refit, kind), earlier, rtol=1e-4)

    def test_a_fit_goes_on_from_fewer_stages(self, name: str, kind: str) -> None:
        """Its curve begins with the earlier one, and comes as low as that of one fit."""
        whole = self.model(self.fitted(self.unfitted(name, kind), kind))
        if not whole.continues:
            return
        few = self.fitted(self.unfitted(name, kind, FitControl(iterations=SHARE)), kind)
        begun = self.model(few).curve_.copy()
        again = self.model(self.fitted(self.unfitted(name, kind), kind, earlier=few))
        assert len(begun) < len(whole.curve_)
        np.testing.assert_allclose(again.curve_[: len(begun)], begun, rtol=1e-6)
        if name in self.exact:
            np.testing.assert_array_equal(again.curve_, whole.curve_)
        else:
            assert again.curve_[len(begun)] < (begun[0] + begun[-1]) / 2, "it began anew"
            assert again.curve_.min() == pytest.approx(whole.curve_.min(), rel=0.1)

    def test_a_fit_ends_by_the_clock_or_at_max_rounds(self, name: str, kind: str) -> None:
        """With the stages that it has, and the same ones where a replay asks for them."""
        if name in self.untimed:
            return
        late = self.fitted(self.unfitted(name, kind, FitControl(deadline=time.monotonic() - 1.0)), kind)
        ended = self.model(late).ended_after_
        assert ended == len(self.model(late).curve_)
        for rounds in (ended, 2):
            pipeline = self.fitted(self.unfitted(name, kind, FitControl(max_rounds=rounds)), kind)
            assert self.model(pipeline).ended_after_ == len(self.model(pipeline).curve_) == rounds
            if rounds == ended:
                np.testing.assert_array_equal(self.predicted(pipeline, kind), self.predicted(late, kind))

    def test_a_fit_is_pruned_where_a_loss_is_out_of_reach(self, name: str, kind: str) -> None:
        """And only there."""
        if name in self.unpruned:
            return
        with pytest.raises(Pruned, match="needed"):
            self.fitted(self.unfitted(name, kind, FitControl(loss_limit=OUT_OF_REACH)), kind)
        self.fitted(self.unfitted(name, kind, FitControl(loss_limit=1e9)), kind)
