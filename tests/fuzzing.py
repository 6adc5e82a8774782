"""Random tables thrown at `fit`: it fits and predicts, or refuses in one sentence; nothing else comes out.

The same content is read alike from pandas, polars, pyarrow, dicts and arrays. The tests throw a fixed set of tables;
`scripts/check --fuzz N` throws new ones in two processes, groups what it finds, and shrinks nothing.
"""

from __future__ import annotations

import re
import traceback
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from random_tables import CELLS, column, draw
from same_tables import FORMS, as_object, as_targets
from threadpoolctl import threadpool_limits

from automl import AutoML
from automl.columns.columns import Columns
from automl.errors import AutoMLError
from automl.tables.frame import as_frame

FAMILIES = ["decision_tree", "naive_bayes", "ridge", "logistic_regression", "lightgbm"]  # milliseconds a fit
MOST = 300  # characters of a refusal


@dataclass
class Seen:
    """What became of one table."""

    fitted: bool = False
    refusal: str = ""
    failures: list[str] = field(default_factory=list)  # of single candidates, which cost no more than a trial
    forms: list[str] = field(default_factory=list)  # in which the same table was compared


# ---- what must hold


def check_sentence(error):
    """Assert that an error says what it has to say in one sentence."""
    text = str(error)
    assert text.endswith("."), f"no full stop: {text}"
    assert "\n" not in text, f"several lines: {text}"
    assert len(text) <= MOST, f"a long sentence: {text}"


def check_read_alike(frame, others):
    """Assert that kinds of columns and arrays are the same whatever object the table came in."""
    plain = as_frame(frame)
    columns = Columns.learn(plain)
    expected = columns.encode(plain).arrays()
    for form, other in others.items():
        again = as_frame(other).set_axis(plain.columns, axis=1)
        if _categories(again) != _categories(plain):
            continue  # a dtype that says more than its cells do, and that dicts and arrays lack
        learned = Columns.learn(again)
        kinds = [(one.kind, two.kind) for one, two in zip(columns.columns, learned.columns, strict=True)]
        assert columns.columns == learned.columns, f"{form}: other kinds of columns: {kinds}"
        for name, array in learned.encode(again).arrays().items():
            assert _equal(array, expected[name]), f"{form}: other {name}"


def _equal(one, other):
    return one.shape == other.shape and bool(((one == other) | ((one != one) & (other != other))).all())


def _categories(frame):
    return [dtype.ordered if isinstance(dtype, pd.CategoricalDtype) else None for dtype in frame.dtypes]


def check_predicts_alike(model, X, others):
    """Assert that the model says the same of the same table in another object."""
    expected = model.predict(X)
    for form, other in others.items():
        assert _equal(model.predict(other), expected), f"{form}: other predictions"


def check_later(model, X, random, named):
    """Assert that the model answers to tables that may come after the one of the fit, or refuses other content."""
    for name, like, later in later_tables(X, random, named):
        try:
            answer = model.predict(later)
        except AutoMLError as error:
            if like:
                raise AssertionError(f"{name}: a table like that of fit was refused: {error}") from error
            check_sentence(error)
            continue
        assert len(answer) == len(later), name
        if hasattr(model, "classes_"):
            assert set(answer.tolist()) <= set(model.classes_.tolist()), name
            shares = model.predict_proba(later)
            assert np.isfinite(shares).all(), name
            np.testing.assert_allclose(shares.sum(axis=1), 1.0, atol=1e-9, err_msg=name)
        else:
            assert np.isfinite(answer).all(), name


def later_tables(frame, random, named):
    """Tables that may come after the one of the fit: a name, whether the content is of the same kind, the table."""
    width = range(frame.shape[1])
    yield "one row", True, frame.iloc[[0]]
    yield "shuffled", named, frame.iloc[:, random.sample(width, len(width))]
    empty = pd.DataFrame(np.nan, index=range(2), columns=frame.columns)
    yield "all missing", True, empty
    yield "objects missing", True, empty.astype(object).where(empty.notna(), None)
    yield "texts", False, frame.astype(object).map(str)
    numbers = {k: pd.to_numeric(frame.iloc[:, k].astype(object).map(_number), errors="coerce") for k in width}
    yield "numbers", False, pd.DataFrame(numbers).set_axis(frame.columns, axis=1)
    others = [column(random, 5, sorted(CELLS)) for _ in width]
    yield "other kinds", False, pd.concat(others, axis=1).set_axis(frame.columns, axis=1)


def _number(value):
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return np.nan


def check_warnings(warned):
    """Assert that only we warn, in a sentence."""
    for one in warned:
        ours = issubclass(one.category, Warning) and one.category.__module__.startswith("automl.")
        assert ours, f"{one.category.__name__} of {Path(one.filename).name}: {one.message}"
        check_sentence(one.message)


def throw(seed, number):
    """Draw a table, fit and predict all that may come; whatever is not right is raised."""
    X, y, task, random = draw(seed, number)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        seen = _throw(X, y, task, random)
    check_warnings(warned)
    return seen


def _throw(X, y, task, random):
    others = {form: made for form in FORMS if (made := as_object(X, form, random)) is not None}
    given = random.choice([X, X, *others.values()])
    options = {
        "include": random.sample(FAMILIES, 2), "cv": random.choice([2, 3]) if len(X) > 2 else "auto", "task": task,
        "random_state": random.randint(0, 99),
    }  # fmt: skip
    model = AutoML(max_trials=2, executor="inline", n_jobs=1, verbose=0, **options)
    try:
        model.fit(given, random.choice([y, y, *as_targets(y)]))
    except AutoMLError as error:
        check_sentence(error)
        assert not hasattr(model, "best_estimator_"), "refused, but there is a model"
        return Seen(refusal=f"{type(error).__name__}: {shape(str(error))}")
    check_read_alike(X, others)
    check_predicts_alike(model, X, others)
    check_later(model, X, random, named=given is not others.get("array"))
    failures = [f"{trial.candidate.family} {trial.status}: {shape(str(trial.error))}" for trial in model.failures_]
    return Seen(True, failures=failures, forms=[*others])


# ---- one table, told


def shape(text):
    """A sentence without its particulars, by which sentences of one kind are grouped."""
    text = re.sub(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", "'…'", " ".join(text.split()))
    return re.sub(r"\d[\d,.]*(?:e[-+]?\d+)?", "#", text)[:110]


def where(error):
    """The last line of ours that an error passed."""
    ours = [step for step in traceback.extract_tb(error.__traceback__) if f"{Path('/automl/')}" in step.filename]
    return f" in {Path(ours[-1].filename).stem}.{ours[-1].name}" if ours else ""


def told(seed, number):
    """What became of a table as plain data: a row of the command's output."""
    with threadpool_limits(1):
        try:
            seen = throw(seed, number)
        except Exception as error:
            found = f"{type(error).__name__}{where(error)}: {shape(str(error))}"
            return {"number": number, "found": found, "trace": traceback.format_exc()}
    return {"number": number, **vars(seen)}
