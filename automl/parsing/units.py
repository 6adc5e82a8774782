"""Units of measure that are converted where a column holds several of one dimension."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit: `factor` makes of it the base unit of its dimension."""

    dimension: str
    base: str
    factor: float


# dimension, base unit, and the other units in it
_TABLE: list[tuple[str, str, dict[str, float]]] = [
    ("count", "", {
        "k": 1e3, "thousand": 1e3, "lakh": 1e5, "lac": 1e5, "million": 1e6, "mn": 1e6, "crore": 1e7, "cr": 1e7,
        "billion": 1e9, "bn": 1e9, "trillion": 1e12,
    }),
    ("area", "sq ft", {
        "sq ft": 1.0, "sqft": 1.0, "ft2": 1.0, "ft²": 1.0, "sq feet": 1.0, "square feet": 1.0, "square foot": 1.0,
        "sq meter": 10.7639104, "sq metre": 10.7639104, "sq m": 10.7639104, "sqm": 10.7639104, "m2": 10.7639104,
        "m²": 10.7639104, "sq mt": 10.7639104, "sqmt": 10.7639104, "square meter": 10.7639104,
        "square metre": 10.7639104, "sq yard": 9.0, "sq yd": 9.0, "square yard": 9.0, "acre": 43560.0,
        "perch": 272.25, "cent": 435.6, "ground": 2400.0, "guntha": 1089.0, "hectare": 107639.104, "ha": 107639.104,
    }),
    ("length", "m", {
        "mm": 1e-3, "cm": 1e-2, "m": 1.0, "meter": 1.0, "metre": 1.0, "km": 1e3, "kilometer": 1e3, "kilometre": 1e3,
        "in": 0.0254, "inch": 0.0254, "inche": 0.0254, '"': 0.0254, "ft": 0.3048, "feet": 0.3048, "foot": 0.3048,
        "yd": 0.9144, "yard": 0.9144, "mi": 1609.344, "mile": 1609.344,
    }),
    ("mass", "kg", {
        "mg": 1e-6, "g": 1e-3, "gr": 1e-3, "gram": 1e-3, "kg": 1.0, "kilo": 1.0, "kilogram": 1.0, "t": 1e3, "ton": 1e3,
        "tonne": 1e3, "lb": 0.45359237, "pound": 0.45359237, "oz": 0.028349523125, "ounce": 0.028349523125,
    }),
    ("volume", "l", {"ml": 1e-3, "cl": 1e-2, "l": 1.0, "liter": 1.0, "litre": 1.0}),
    ("data", "MB", {"byte": 1e-6, "kb": 1e-3, "mb": 1.0, "gb": 1e3, "tb": 1e6}),
    ("frequency", "Hz", {"hz": 1.0, "khz": 1e3, "mhz": 1e6, "ghz": 1e9}),
    ("speed", "km/h", {"km/h": 1.0, "kmh": 1.0, "kmph": 1.0, "kph": 1.0, "mph": 1.609344, "m/s": 3.6}),
]  # fmt: skip
UNITS = {name: Unit(dimension, base, factor) for dimension, base, names in _TABLE for name, factor in names.items()}
_MONEY = {"rs": "₹", "inr": "₹", "usd": "$", "us$": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
_LETTERS = {"k": "k", "K": "k", "M": "million", "B": "billion"}


@cache
def unit_name(written: str, attached: bool) -> str:
    """One name for the ways in which a unit is written: "Sq. Yards" and "sq yard" are the same.

    Parameters
    ----------
    written : str
    attached : bool
        Whether it follows the number without a space: "3M" are millions then, "3 m" metres.
    """
    if attached and written in _LETTERS:
        return _LETTERS[written]
    name = " ".join(written.lower().replace(".", " ").split())
    if name in UNITS or len(name) < 4:
        return _MONEY.get(name, name)
    single = name.removesuffix("s")
    return _MONEY.get(single, single)
