"""The format of the TOML files of a search space: `schema.json` is generated from these types."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec

# what a table or its target must have
Needs = Literal[
    "category", "many_levels", "few_integers", "text", "date", "missing", "heavy_tails", "several", "skewed_target"
]  # fmt: skip


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
    by_rows: dict[Literal["classification", "regression"], tuple[float, float]] = {}
    task: Literal["classification", "regression"] | None = None
    needs: Needs | None = None
    uses_target: list[int | float | bool | str] = []


class EstimatorSpec(msgspec.Struct, forbid_unknown_fields=True):
    """[estimator]: dotted names, the constructor's arguments for seed and threads, parameters that have slopes."""

    classification: str | None = None
    regression: str | None = None
    fixed: dict[str, Any] = {}
    seed: str | None = None
    threads: str | None = None
    slopes: list[str] = []


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
    usual: Annotated[int, msgspec.Meta(ge=1)] | None = None
    out_of_bag: str | None = None
    rows: bool = True
    timed: bool = False
    size: str | None = None


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
    beside: Literal["input", "table"] | None = None
    needs: Needs | None = None
    stackable: bool = False
    extra: str | None = None
    fidelity: FidelitySpec = msgspec.field(default_factory=FidelitySpec)
    cost: CostSpec = msgspec.field(default_factory=CostSpec)


class SharedSpec(msgspec.Struct, forbid_unknown_fields=True):
    """input.toml (parameters of the preprocessor) or target.toml (those of all models but some, `without`)."""

    summary: str
    without: list[str] = []
    params: dict[str, ParamSpec] = {}


class EntrySpec(msgspec.Struct, forbid_unknown_fields=True):
    """One [[entry]] of a portfolio: a candidate's text (defaults left out), and the tasks it is for.

    The first one that `opens` begins the search where there is time for few evaluations. One that is `textbook` is for
    manual search alone.
    """

    candidate: str
    tasks: tuple[Literal["binary", "multiclass", "regression"], ...] = ("binary", "multiclass", "regression")
    opens: bool = False
    textbook: bool = False
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


def explained(message: str) -> tuple[str, list[str]]:
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


def schema() -> dict[str, Any]:
    """JSON Schema of a component's file, for editors."""
    return msgspec.json.schema(ComponentSpec)
