"""Reads ``search_spaces/`` (and a user's folder of the same layout over it) into a `Space`.

The types of this module are the format: `schema.json` is generated from them (``python -m automl.space.reader``), and
msgspec names the key where a file departs from it.
"""

from __future__ import annotations

import importlib.resources
import json
import keyword
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from automl.errors import CandidateError, SpaceError
from automl.space.candidate import INPUT, STACK, UNION
from automl.space.component import Accepts, Component, Condition, Cost, EstimatorRef, Fidelity, Param
from automl.space.domain import Choice, Domain, Float, Int, describe
from automl.space.space import BARE, Space

T = TypeVar("T")


class ParamSpec(msgspec.Struct, forbid_unknown_fields=True, rename={"float_": "float", "int_": "int"}):
    """One line of [params]: exactly one of float, int and choice, and what belongs to it."""

    why: str
    float_: tuple[float, float] | None = None
    int_: tuple[int, int] | None = None
    choice: list[int | float | bool | str] | None = None
    none: bool = False
    weights: list[float] | None = None
    log: bool = False
    step: float | None = None
    normal: tuple[float, float] | None = None
    default: int | float | bool | str | None = None
    cheap: int | float | bool | str | None = None
    when: dict[str, int | float | bool | str | list[int | float | bool | str]] = {}
    at_most: Literal["rows", "columns"] | None = None
    task: Literal["classification", "regression"] | None = None
    needs: Literal["category", "many_levels", "text", "date", "missing", "heavy_tails", "skewed_target"] | None = None
    uses_target: list[int | float | bool | str] = []


class EstimatorSpec(msgspec.Struct, forbid_unknown_fields=True):
    """[estimator]: dotted names, and the names of the constructor's arguments for seed and threads."""

    classification: str | None = None
    regression: str | None = None
    fixed: dict[str, Any] = {}
    seed: str | None = None
    threads: str | None = None


class AcceptsSpec(msgspec.Struct, forbid_unknown_fields=True):
    """[accepts]: the form of data that the component takes."""

    missing: bool = False
    unknown: bool = False
    categories: Literal["native", "ordinal", "onehot"] = "onehot"
    scale: Literal["any", "unit"] = "any"
    target: Literal["any", "unit"] = "any"


class FidelitySpec(msgspec.Struct, forbid_unknown_fields=True):
    """[fidelity]: what can be made cheaper."""

    iterations: str | None = None
    out_of_bag: str | None = None
    rows: bool = True
    timed: bool = False


class CostSpec(msgspec.Struct, forbid_unknown_fields=True):
    """[cost]: a prior of the seconds and bytes of one fit, and the largest sizes that the component is fit for."""

    seconds: float = 1e-7
    row_seconds: float = 0.0
    start: float = 0.01
    per_class: bool = False
    bytes: float = 40.0
    max_rows: int | None = None
    max_columns: int | None = None


class ComponentSpec(msgspec.Struct, forbid_unknown_fields=True):
    """One TOML file of models/ or steps/."""

    name: str
    summary: str
    estimator: EstimatorSpec
    accepts: AcceptsSpec
    params: dict[str, ParamSpec] = {}
    adapter: str | None = None
    slot: Literal["scale", "reduce"] | None = None
    gives: Literal["any", "unit"] = "any"
    uses_target: bool = False
    stackable: bool = False
    extra: str | None = None
    fidelity: FidelitySpec = msgspec.field(default_factory=FidelitySpec)
    cost: CostSpec = msgspec.field(default_factory=CostSpec)


class SharedSpec(msgspec.Struct, forbid_unknown_fields=True):
    """input.toml (parameters of the leaf) or target.toml (parameters that all models have but those of `without`)."""

    summary: str
    without: list[str] = []
    params: dict[str, ParamSpec] = {}


class EntrySpec(msgspec.Struct, forbid_unknown_fields=True):
    """One [[entry]] of a portfolio: a candidate's text (defaults left out), and the tasks it is for."""

    candidate: str
    tasks: tuple[Literal["binary", "multiclass", "regression"], ...] = ("binary", "multiclass", "regression")
    why: str = ""


class PortfolioSpec(msgspec.Struct, forbid_unknown_fields=True):
    """A file of portfolios/: candidates to try first, in order."""

    entry: list[EntrySpec]


SPECS = (
    ComponentSpec,
    SharedSpec,
    EstimatorSpec,
    AcceptsSpec,
    FidelitySpec,
    CostSpec,
    ParamSpec,
    EntrySpec,
    PortfolioSpec,
)


def packaged_folder() -> Path:
    """The folder ``search_spaces`` of the installed package, or of the checkout beside it."""
    inside = Path(str(importlib.resources.files("automl"))) / "search_spaces"
    return inside if inside.is_dir() else inside.parent.parent / "search_spaces"


def read_space(folder: str | Path | None = None) -> Space:
    """Read the packaged search space, overlaid by a user's folder.

    Parameters
    ----------
    folder : path, optional
        A folder with ``models/*.toml``, ``steps/*.toml`` and ``portfolios/*.toml``, any of which may be missing. A
        file of the same name as one of ours replaces it; another name adds a component.

    Raises
    ------
    SpaceError
        If a file is wrong; the message names file, table and key.
    """
    folders = [packaged_folder()]
    if folder is not None:
        if not any((Path(folder) / part).is_dir() for part in ("models", "steps", "portfolios")):
            raise SpaceError(f"search_space: {str(folder)!r} has no folder models/, steps/ or portfolios/.")
        folders.append(Path(folder))
    models: dict[str, Component] = {}
    steps: dict[str, Component] = {}
    leaf, target = BARE, SharedSpec("")
    common: list[Param] = []
    entries: dict[str, tuple[dict[str, Any], ...]] = {}
    for base in folders:
        if (path := base / "input.toml").is_file():
            shared = _convert(path, _checked_lines(path), SharedSpec)
            leaf = replace(BARE, summary=shared.summary, params=tuple(_params(path, shared.params)))
        if (path := base / "target.toml").is_file():
            target = _convert(path, _checked_lines(path), SharedSpec)
            common = _params(path, target.params)
        for path in sorted((base / "models").glob("*.toml")):
            models[path.stem] = _component(path, "model")
        for path in sorted((base / "steps").glob("*.toml")):
            steps[path.stem] = _component(path, "step")
        for path in sorted((base / "portfolios").glob("*.toml")):
            listed = _convert(path, _load(path), PortfolioSpec).entry
            entries[path.stem] = tuple(msgspec.to_builtins(entry) for entry in listed)
    for name in models.keys() & steps.keys():
        raise SpaceError(f"{name!r} is declared both in models/ and in steps/; rename one of them.")
    for name, model in models.items():
        if name in target.without or model.estimator.regression is None:
            continue
        if both := {param.name for param in model.params} & set(target.params):
            raise SpaceError(f"{name}: its parameter {min(both)!r} is one of target.toml; rename it.")
        models[name] = replace(model, params=(*model.params, *common))
    portfolio = tuple(entry for one in entries.values() for entry in one)
    space = Space(models, steps, portfolio, leaf=leaf)
    for path in sorted((folders[-1] / "portfolios").glob("*.toml")):  # ours may not fit a user's families
        for place, entry in enumerate(entries[path.stem]):
            try:
                space.parse(entry["candidate"])
            except CandidateError as error:
                raise SpaceError(f"{path}: [entry.{place}] candidate: {error}") from error
    return space


def _load(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SpaceError(f"{path}: this is not valid TOML: {error}.") from error
    except RecursionError as error:
        raise SpaceError(f"{path}: this is nested too deeply.") from error
    except OSError as error:
        raise SpaceError(f"{path}: this cannot be read: {error.strerror or error}.") from error


def _convert(path: Path, content: dict[str, Any], spec: type[T]) -> T:
    try:
        return msgspec.convert(content, spec)
    except msgspec.ValidationError as error:
        raise SpaceError(_where(path, str(error))) from error


def _where(path: Path, message: str) -> str:
    """Turn msgspec's ``... - at `$.params[...].default` `` into file, table and key."""
    text, keys = _split(message)
    tables, key = (keys, "") if text.startswith("Object ") else (keys[:-1], "".join(keys[-1:]))
    table = f" [{'.'.join(tables)}]{'' if key else ':'}" if tables else ""
    return f"{path}:{table} {key + ': ' if key else ''}{text}."


def _split(message: str) -> tuple[str, list[str]]:
    """What is wrong, with the words that would be right where there is a list of them; and the keys on the way."""
    text, _, place = message.partition(" - at `")
    keys = [key for key in re.split(r"[.\[\]]+", place.strip("`$")) if key]
    if "enum value" in text:
        hints = [hint for spec in SPECS for key, hint in get_type_hints(spec).items() if key in keys]
        text += ", it must be one of " + ", ".join(repr(word) for hint in hints for word in _words(hint))
    return text, keys


def _words(hint: Any) -> list[str]:
    """All words of the literals in a type."""
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [word for part in get_args(hint) for word in _words(part)]


def _checked_lines(path: Path) -> dict[str, Any]:
    """The content of a file whose [params] are well-formed."""
    content = _load(path)
    lines = content.get("params")
    for name, line in lines.items() if isinstance(lines, dict) else ():
        # msgspec names no key of a dict in its messages
        try:
            msgspec.convert(line, ParamSpec)
        except msgspec.ValidationError as error:
            text, keys = _split(str(error))
            raise SpaceError(f"{path}: [params] {': '.join([name, *keys[:1], text])}.") from error
    return content


def _params(path: Path, lines: dict[str, ParamSpec]) -> list[Param]:
    params: list[Param] = []
    for name, line in lines.items():
        try:
            params.append(_param(name, line, {param.name: param for param in params}))
        except ValueError as error:
            raise SpaceError(f"{path}: [params] {name}: {error}.") from error
    return params


def _component(path: Path, kind: Literal["model", "step"]) -> Component:
    spec = _convert(path, _checked_lines(path), ComponentSpec)
    if spec.name != path.stem:
        raise SpaceError(f"{path}: name must be the file's own name, {path.stem!r}, got {spec.name!r}.")
    if spec.name in (INPUT, UNION, STACK) or not _is_identifier(spec.name):
        raise SpaceError(f"{path}: name must be an identifier other than {INPUT}, {UNION} and {STACK}.")
    if spec.estimator.classification is None and spec.estimator.regression is None:
        raise SpaceError(f"{path}: [estimator] needs classification, regression, or both.")
    for key in ("classification", "regression"):
        dotted = getattr(spec.estimator, key)
        if dotted is not None and ("." not in dotted or not all(map(_is_identifier, dotted.split(".")))):
            known = f"must be a dotted name such as 'package.Class', got {dotted!r}"
            raise SpaceError(f"{path}: [estimator] {key}: {known}.")
    if kind == "model" and spec.slot is not None:
        raise SpaceError(f"{path}: slot is for steps only.")
    params = _params(path, spec.params)
    for key, named in msgspec.structs.asdict(spec.fidelity).items():
        if isinstance(named, str) and named not in {*spec.params, *spec.estimator.fixed}:
            raise SpaceError(f"{path}: [fidelity] {key}: {named!r} is neither in [params] nor in fixed.")
    return Component(
        name=spec.name,
        kind=kind,
        summary=spec.summary,
        estimator=EstimatorRef(**msgspec.structs.asdict(spec.estimator)),
        accepts=Accepts(**msgspec.structs.asdict(spec.accepts)),
        params=tuple(params),
        slot=spec.slot,
        gives=spec.gives,
        uses_target=spec.uses_target,
        fidelity=Fidelity(**msgspec.structs.asdict(spec.fidelity)),
        cost=Cost(**msgspec.structs.asdict(spec.cost)),
        stackable=spec.stackable,
        extra=spec.extra,
        adapter=spec.adapter,
    )


def _param(name: str, spec: ParamSpec, earlier: dict[str, Param]) -> Param:
    if not _is_identifier(name):
        raise ValueError("the name must be an identifier that Python does not reserve")
    domain = _domain(spec)
    has_none = isinstance(domain, Choice) and None in domain.options
    default = domain.cast(spec.default)
    if default is None and not has_none:
        raise ValueError("default is required")
    if default not in domain:
        raise ValueError(f"default: {default!r} is not {describe(domain)}")
    cheap = domain.cast(spec.cheap)
    if cheap is not None and cheap not in domain:
        raise ValueError(f"cheap: {cheap!r} is not {describe(domain)}")
    if spec.at_most is not None and not isinstance(domain, Int):
        raise ValueError("at_most is for int parameters only")
    when = tuple(_condition(other, wanted, earlier) for other, wanted in spec.when.items())
    learning = tuple(map(domain.cast, spec.uses_target))
    for value in learning:
        if value not in domain:
            raise ValueError(f"uses_target: {value!r} is not {describe(domain)}")
    return Param(name, domain, default, spec.why, cheap, when, spec.at_most, spec.task, spec.needs, learning)


def _is_identifier(name: object) -> bool:
    return isinstance(name, str) and name.isidentifier() and not keyword.iskeyword(name)


def _domain(spec: ParamSpec) -> Domain:
    given = [key for key, value in (("float", spec.float_), ("int", spec.int_), ("choice", spec.choice)) if value]
    if len(given) != 1:
        raise ValueError("give exactly one of float = [low, high], int = [low, high] and choice = [...]")
    if spec.choice is not None:
        if spec.log or spec.step is not None or spec.normal is not None:
            raise ValueError("log, step and normal do not go with choice")
        options = (*spec.choice, None) if spec.none else tuple(spec.choice)
        return Choice(options, tuple(spec.weights) if spec.weights is not None else None)
    if spec.none or spec.weights is not None:
        raise ValueError("none and weights go with choice only")
    kind, ends = (Float, spec.float_) if spec.float_ is not None else (Int, spec.int_)
    assert ends is not None
    return kind(ends[0], ends[1], spec.log, spec.step, spec.normal)


def _condition(other: str, wanted: Any, earlier: dict[str, Param]) -> Condition:
    if other not in earlier:
        raise ValueError(f"when: {other!r} must be a parameter that stands above this one")
    domain = earlier[other].domain
    if isinstance(wanted, list):
        values = tuple(map(domain.cast, wanted))
        for value in values:
            if value not in domain:
                raise ValueError(f"when: {other} never is {value!r}")
        return Condition(other, "in", values)
    found = re.fullmatch(r"(==|!=|<=|>=|<|>)\s*(-?[\d.]+)", wanted) if isinstance(wanted, str) else None
    if found:
        if isinstance(domain, Choice) and not all(type(option) in (int, float) for option in domain.options):
            raise ValueError(f"when: {other} is not a number, so name its values: {other} = [...]")
        return Condition(other, found[1], domain.cast(float(found[2])))
    value = domain.cast(wanted)
    if value not in domain:
        raise ValueError(f"when: {other} never is {wanted!r}")
    return Condition(other, "==", value)


def schema() -> dict[str, Any]:
    """JSON Schema of a component's file, for editors."""
    return msgspec.json.schema(ComponentSpec)


if __name__ == "__main__":
    (packaged_folder() / "input.schema.json").write_text(
        json.dumps(msgspec.json.schema(SharedSpec), indent=2) + "\n", encoding="utf-8"
    )
    (packaged_folder() / "schema.json").write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
