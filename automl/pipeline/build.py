"""From a candidate's tree to a scikit-learn Pipeline that takes a `Table`."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline
from sklearn.utils.validation import has_fit_parameter

from automl.errors import SpaceError
from automl.estimators.forests import ask
from automl.estimators.staged import WHOLE, FitControl, StagedModel
from automl.output import in_a_line
from automl.pipeline.beside import AsRead, Made
from automl.pipeline.compose import LabelEncoded, Stack, Union
from automl.pipeline.prepare import Preprocessor
from automl.pipeline.target import PLAIN, TARGET, Transformed
from automl.space.candidate import INPUT, STACK, UNION, Candidate, Node
from automl.space.component import Component
from automl.space.seed import derive_seed
from automl.space.space import Space

_ORDER = {"native": 0, "ordinal": 1, "onehot": 2}


@dataclass(frozen=True)
class Form:
    """The form of data that a node asks of the node below it."""

    categories: str = "onehot"
    missing: bool = False
    scale: str = "unit"
    unknown: bool = False

    @classmethod
    def of(cls, component: Component) -> Form:
        """What a component accepts."""
        accepts = component.accepts
        return cls(accepts.categories, accepts.missing, accepts.scale, accepts.unknown)

    def below(self, step: Component) -> Form:
        """What a step asks of its input when this is asked of the step."""
        accepts = step.accepts
        categories = max("ordinal", accepts.categories, self.categories, key=_ORDER.__getitem__)
        above = "any" if step.gives == "unit" else self.scale
        scale = "unit" if "unit" in (accepts.scale, above) else "any"
        return Form(categories, self.missing and accepts.missing, scale)


@dataclass(frozen=True)
class Recipe:
    """All that a pipeline is built from, beside the candidate itself.

    Attributes
    ----------
    kind : {"binary", "multiclass", "regression"}
    classes : ndarray or None
        Sorted labels as they will stand in `y` at fit; None in regression.
    n_categories : int
        Category columns of the table.
    n_many : int
        Those of them with many levels.
    n_integers : int
        Columns of few whole numbers, which may be read as categories.
    costs : ndarray of shape (n_classes, n_classes) or None
        Of wrong decisions, which labels are predicted by.
    metric : str
        Name of the metric, for early stopping.
    seed, threads : int
    control : FitControl
        How far the fit goes; adapters mind it themselves.
    """

    space: Space
    kind: str
    classes: NDArray[Any] | None
    n_categories: int
    metric: str
    seed: int
    threads: int = 1
    control: FitControl = WHOLE
    n_many: int = 0
    costs: NDArray[Any] | None = None
    n_integers: int = 0


def build(candidate: Candidate, recipe: Recipe) -> Pipeline:
    """An unfitted pipeline; its last step is called ``model``.

    Parameters
    ----------
    candidate : Candidate
        A candidate of `recipe.space`.
    recipe : Recipe
    """
    return _model_pipeline(candidate.root, recipe)


def _model_pipeline(node: Node, recipe: Recipe) -> Pipeline:
    component = recipe.space.component(node.component)
    accepts = component.accepts
    steps, categorical = _data(node.inputs[0], Form.of(component), recipe)
    model = _estimator(component, node, recipe, categorical)
    if recipe.kind == "regression":
        how, unit = str(dict(node.params).get(TARGET, PLAIN)), accepts.target == "unit"
        if unit or how != PLAIN:
            model = Transformed(model, how, unit)
    else:
        model = LabelEncoded(model, np.asarray(recipe.classes), recipe.costs)
    return Pipeline([*steps, ("model", model)])


def _data(node: Node, form: Form, recipe: Recipe) -> tuple[list[tuple[str, Any]], int]:
    """Steps that give what `form` asks, and how many of their last columns are native categories."""
    if node.component == INPUT:
        preprocessor = Preprocessor(
            form.categories, form.missing, form.scale, recipe.kind, form.unknown
        )  # no seed: candidates share what it makes
        preprocessor.set_params(**dict(node.params))
        out = recipe.n_many if preprocessor.many_levels == "target" else 0
        more = recipe.n_integers if preprocessor.integers != "number" else 0
        return [("input", preprocessor)], recipe.n_categories - out + more if form.categories == "native" else 0
    if node.component == UNION:
        built = [_data(part, form, recipe) for part in node.inputs]
        parts, counts = [Pipeline(steps) for steps, _ in built], [count for _, count in built]
        return [("union", Union(parts, counts))], sum(counts)
    if node.component == STACK:
        inner, data = node.inputs
        steps, count = _data(data, form, recipe)
        control = replace(recipe.control, rounds=None, rate=1.0, deadline=None, max_rounds=None)
        model = _model_pipeline(inner, replace(recipe, seed=derive_seed(recipe.seed, "stack"), control=control))
        stack = Stack(model, Pipeline(steps), count, recipe.kind == "regression", recipe.seed)
        return [("stack", stack)], count
    step = recipe.space.component(node.component)
    if step.beside:
        return _beside(node, step, form, recipe)
    steps, _ = _data(node.inputs[0], form.below(step), recipe)
    name = step.name if step.name not in dict(steps) else f"{step.name}_{len(steps)}"
    return [*steps, (name, _estimator(step, node, recipe, 0))], 0


def _beside(node: Node, step: Component, form: Form, recipe: Recipe) -> tuple[list[tuple[str, Any]], int]:
    """What is below a step in the form that is asked, and beside it what the step makes of the table's own columns."""
    data, count = _data(node.inputs[0], form, recipe)
    source: list[tuple[str, Any]] = [("as_read", AsRead())]
    codes = recipe.n_categories
    if step.beside == INPUT:
        leaf = next(part for part in node.walk() if part.component == INPUT)
        source, codes = _data(leaf, Form.of(step), recipe)
    made = Made(_estimator(step, node, recipe, codes), Pipeline(source), form.missing, form.scale, recipe.kind)
    return [(step.name, Union([Pipeline(data), Pipeline([("made", made)])], [count, 0]))], count


def _estimator(component: Component, node: Node, recipe: Recipe, categorical: int) -> Any:
    reference = component.estimator
    path = reference.path(recipe.kind)
    if path is None:
        raise SpaceError(f"{component.name} has no estimator for a {recipe.kind} task.")
    values = {**reference.fixed, **dict(node.params)}
    values.pop(TARGET, None)
    if reference.seed:
        values[reference.seed] = recipe.seed % 2**31
    if reference.threads:
        values[reference.threads] = recipe.threads
    cls = import_class(path)
    if component.adapter is None:
        return cls(**recipe.control.scaled(values, component.fidelity))
    module = component.adapter if "." in component.adapter else f"automl.estimators.{component.adapter}"
    return importlib.import_module(module).adapt(cls, values, recipe, component, categorical)


def import_class(path: str) -> Any:
    """The class of a dotted name; what is no estimator is refused before it is called."""
    module, _, name = path.rpartition(".")
    cls = getattr(importlib.import_module(module), name)
    if not (isinstance(cls, type) and hasattr(cls, "fit") and hasattr(cls, "get_params")):
        raise SpaceError(f"{path} is no scikit-learn estimator (it lacks fit or get_params).")
    return cls


def missing_libraries(space: Space) -> dict[str, str]:
    """Components whose library is not installed or does not load, with the reason and what to install."""
    found: dict[str, str] = {}
    for component in [*space.models.values(), *space.steps.values()]:
        paths = (component.estimator.classification, component.estimator.regression)
        for library in sorted({path.partition(".")[0] for path in paths if path}):
            if (reason := _why_missing(library, component.extra is not None)) is not None:
                package = f"tabular-automl-search[{component.extra}]" if component.extra else library
                found[component.name] = f"{reason}; pip install '{package}'"
    return found


def left_out(missing: dict[str, str]) -> list[str]:
    """One sentence for each reason, whatever the number of its components."""
    reasons: dict[str, list[str]] = {}
    for name, reason in missing.items():
        reasons.setdefault(reason, []).append(name)
    return [
        f"{', '.join(names)} {'is' if len(names) == 1 else 'are'} left out: {'its' if len(names) == 1 else 'their'} "
        f"library is missing ({reason})."
        for reason, names in reasons.items()
    ]


def _why_missing(library: str, extra: bool) -> str | None:
    if library in ("sklearn", "automl"):
        return None
    try:
        if extra:  # looked for, not imported: that takes CatBoost a third of a second, and the workers do it anyway
            return None if importlib.util.find_spec(library) else f"there is no module named {library!r}"
        importlib.import_module(library)  # what was imported already, or is not there, is known at once
    except (Exception, SystemExit) as error:  # XGBoost raises an error of its own where OpenMP is not there
        return in_a_line(error)
    return None


def weightless(space: Space, kind: str) -> list[str]:
    """Families whose estimator takes no weights of rows."""
    paths = {name: component.estimator.path(kind) for name, component in space.models.items()}
    return [name for name, path in paths.items() if path and not has_fit_parameter(import_class(path), "sample_weight")]


def staged_model_of(pipeline: Pipeline) -> StagedModel | None:
    """The pipeline's model where it was fitted in stages with validation rows (it has a curve), else None."""
    model = innermost(pipeline.named_steps["model"])
    return model if isinstance(model, StagedModel) and model.curve_ is not None else None


def innermost(model: Any) -> Any:
    """The model behind what codes its classes or transforms its target."""
    return model.model if isinstance(model, (LabelEncoded, Transformed)) else model


def predict(pipeline: Pipeline, table: Any) -> NDArray[np.float64]:
    """Probabilities of shape (n, k), or values of shape (n,).

    Raises
    ------
    ValueError
        If a prediction is not a finite number.
    """
    for _, step in pipeline.steps[:-1]:
        table = step.transform(table)
    return answers(pipeline[-1], table)


def answers(model: Any, matrix: Any) -> NDArray[np.float64]:
    """What a pipeline's model says of prepared rows: see `predict`."""
    classify = isinstance(model, LabelEncoded)
    values = model.predict_proba(matrix) if classify else ask(model, matrix, "predict")
    values = np.asarray(values, dtype=np.float64)
    values = values if classify else values.reshape(len(values))
    if not np.isfinite(values).all():
        raise ValueError("predictions hold NaN or infinity")
    return values
