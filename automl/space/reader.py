"""Reads ``search_spaces/``, those of other packages and a user's folder of the same layout into a `Space`.

msgspec names the key where a file departs from the types of `automl.space.format`. A package adds families, steps and
portfolios by an entry point of the group `automl.search_spaces` that names a package of its own with such folders.
"""

from __future__ import annotations

import importlib.resources
import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import msgspec

from automl.errors import CandidateError, SpaceError
from automl.registry import load, plugged
from automl.space.candidate import INPUT, STACK, UNION
from automl.space.component import Accepts, Component, Cost, EstimatorRef, Fidelity, Param
from automl.space.format import ComponentSpec, ParamSpec, PortfolioSpec, SharedSpec, explained, schema
from automl.space.params import is_identifier, read_param
from automl.space.space import BARE, Space

T = TypeVar("T")
PARTS = ("models", "steps", "portfolios")
PLUGGED = "automl.search_spaces"  # group of entry points, each a package that holds some of these folders


def packaged_folder() -> Path:
    """The folder ``search_spaces`` of the installed package, or of the checkout beside it."""
    inside = Path(str(importlib.resources.files("automl"))) / "search_spaces"
    return inside if inside.is_dir() else inside.parent.parent / "search_spaces"


def read_space(folder: str | Path | None = None) -> Space:
    """Read the packaged search space, laid over those of other packages and overlaid by a user's folder.

    Parameters
    ----------
    folder : path, optional
        A folder with ``models/*.toml``, ``steps/*.toml`` and ``portfolios/*.toml``, any of which may be missing. A
        file of the same name as one of ours replaces it; another name adds a component.

    Raises
    ------
    SpaceError
        If a file is wrong; the message names file, table and key.
    ArgumentError
        If another package's entry point cannot be loaded.
    """
    folders = [*_plugged_folders(), packaged_folder()]
    if folder is not None:
        if not _holds_parts(Path(folder)):
            raise SpaceError(f"search_space: {str(folder)!r} has no folder models/, steps/ or portfolios/.")
        folders.append(Path(folder))
    models = {name: _component(path, "model") for name, path in _files(folders, "models").items()}
    steps = {name: _component(path, "step") for name, path in _files(folders, "steps").items()}
    for name in models.keys() & steps.keys():
        raise SpaceError(f"{name!r} is declared both in models/ and in steps/; rename one of them.")
    shared, preprocessor = _files(folders, "."), BARE
    if (path := shared.get("input")) is not None:
        spec, params = _shared(path)
        preprocessor = replace(BARE, summary=spec.summary, params=params)
    if (path := shared.get("target")) is not None:
        models = _with_target(models, *_shared(path))
    entries = {name: _entries(path) for name, path in _files(folders, "portfolios").items()}
    space = Space(models, steps, tuple(entry for one in entries.values() for entry in one), preprocessor=preprocessor)
    for name, path in _files(folders[-1:], "portfolios").items():  # ours may not fit a user's families
        _check_entries(path, entries[name], space)
    return space


def _plugged_folders() -> Iterator[Path]:
    for name, place in sorted(plugged(PLUGGED).items()):
        found = [Path(path) for path in getattr(load(place, "search_space"), "__path__", ())]
        if not any(map(_holds_parts, found)):
            needs = "a package with a folder models/, steps/ or portfolios/"
            raise SpaceError(f"search_space: the entry point {name!r} ({place.value}) must be {needs}.")
        yield from found


def _holds_parts(folder: Path) -> bool:
    return any((folder / part).is_dir() for part in PARTS)


def _files(folders: list[Path], part: str) -> dict[str, Path]:
    """Files of a part by name; those of later folders take the place of earlier ones."""
    return {path.stem: path for folder in folders for path in sorted((folder / part).glob("*.toml"))}


_parsed = lru_cache(maxsize=256)(tomllib.loads)  # nobody changes what is read, and most of it is read for every fit


def _load(path: Path) -> dict[str, Any]:
    try:
        return _parsed(path.read_text(encoding="utf-8"))
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
    text, keys = explained(message)
    tables, key = (keys, "") if text.startswith("Object ") else (keys[:-1], "".join(keys[-1:]))
    table = f" [{'.'.join(tables)}]{'' if key else ':'}" if tables else ""
    return f"{path}:{table} {key + ': ' if key else ''}{text}."


def _checked_lines(path: Path) -> dict[str, Any]:
    """The content of a file whose [params] are well-formed."""
    content = _load(path)
    lines = content.get("params")
    for name, line in lines.items() if isinstance(lines, dict) else ():
        # msgspec names no key of a dict in its messages
        try:
            msgspec.convert(line, ParamSpec)
        except msgspec.ValidationError as error:
            text, keys = explained(str(error))
            raise SpaceError(f"{path}: [params] {': '.join([name, *keys[:1], text])}.") from error
    return content


def _params(path: Path, lines: dict[str, ParamSpec]) -> tuple[Param, ...]:
    params: dict[str, Param] = {}
    for name, line in lines.items():
        try:
            params[name] = read_param(name, line, params)
        except ValueError as error:
            raise SpaceError(f"{path}: [params] {name}: {error}.") from error
    return tuple(params.values())


def _shared(path: Path) -> tuple[SharedSpec, tuple[Param, ...]]:
    spec = _convert(path, _checked_lines(path), SharedSpec)
    return spec, _params(path, spec.params)


def _with_target(models: dict[str, Component], spec: SharedSpec, common: tuple[Param, ...]) -> dict[str, Component]:
    """The models, those for regression with the parameters of target.toml."""
    found = dict(models)
    for name, model in models.items():
        if name in spec.without or model.estimator.regression is None:
            continue
        if both := {param.name for param in model.params} & set(spec.params):
            raise SpaceError(f"{name}: its parameter {min(both)!r} is one of target.toml; rename it.")
        found[name] = replace(model, params=(*model.params, *common))
    return found


def _entries(path: Path) -> tuple[dict[str, Any], ...]:
    return tuple(msgspec.to_builtins(entry) for entry in _convert(path, _load(path), PortfolioSpec).entry)


def _check_entries(path: Path, entries: tuple[dict[str, Any], ...], space: Space) -> None:
    for place, entry in enumerate(entries):
        try:
            space.parse(entry["candidate"])
        except CandidateError as error:
            raise SpaceError(f"{path}: [entry.{place}] candidate: {error}") from error


def _component(path: Path, kind: Literal["model", "step"]) -> Component:
    spec = _convert(path, _checked_lines(path), ComponentSpec)
    if (mistake := _mistake(spec, path.stem, kind)) is not None:
        raise SpaceError(f"{path}: {mistake}.")
    params = _params(path, spec.params)
    for key, named in msgspec.structs.asdict(spec.fidelity).items():
        if isinstance(named, str) and named not in {*spec.params, *spec.estimator.fixed}:
            raise SpaceError(f"{path}: [fidelity] {key}: {named!r} is neither in [params] nor in fixed.")
    reference = msgspec.structs.asdict(spec.estimator)
    for named in spec.estimator.slopes:
        line = spec.params.get(named)
        if line is None or line.float_ is None or not line.log:
            raise SpaceError(f"{path}: [estimator] slopes: {named!r} must be a float of [params] with log = true.")
    tables = {
        "estimator": EstimatorRef(**{**reference, "slopes": tuple(spec.estimator.slopes)}),
        "accepts": Accepts(**msgspec.structs.asdict(spec.accepts)),
        "fidelity": Fidelity(**msgspec.structs.asdict(spec.fidelity)),
        "cost": Cost(**msgspec.structs.asdict(spec.cost)),
        "params": params,
    }
    return Component(kind=kind, **{**msgspec.structs.asdict(spec), **tables})


def _mistake(spec: ComponentSpec, stem: str, kind: str) -> str | None:
    """What is wrong with the file as a whole, None where nothing is."""
    if spec.name != stem:
        return f"name must be the file's own name, {stem!r}, got {spec.name!r}"
    if spec.name in (INPUT, UNION, STACK) or not is_identifier(spec.name):
        return f"name must be an identifier other than {INPUT}, {UNION} and {STACK}"
    if spec.estimator.classification is None and spec.estimator.regression is None:
        return "[estimator] needs classification, regression, or both"
    for key in ("classification", "regression"):
        dotted = getattr(spec.estimator, key)
        if dotted is not None and ("." not in dotted or not all(map(is_identifier, dotted.split(".")))):
            return f"[estimator] {key}: must be a dotted name such as 'package.Class', got {dotted!r}"
    for key in ("slot", "beside"):
        if kind == "model" and getattr(spec, key):
            return f"{key} is for steps only"
    return None


if __name__ == "__main__":
    (packaged_folder() / "input.schema.json").write_text(
        json.dumps(msgspec.json.schema(SharedSpec), indent=2) + "\n", encoding="utf-8"
    )
    (packaged_folder() / "schema.json").write_text(json.dumps(schema(), indent=2) + "\n", encoding="utf-8")
