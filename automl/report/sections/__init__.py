"""What is said of a result, in parts: one file a section."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from automl.output import in_a_line
from automl.registry import Registry

if TYPE_CHECKING:
    from automl.report.sections.base import Section

SECTIONS: Registry[Section] = Registry(
    "automl.report.sections", argument="sections", method="text", default="columns", group="automl.sections"
)
LAST = 100  # place of a section that says none


def texts(result: Any) -> list[tuple[str, str]]:
    """What the sections say, in their order, each with the command that shows more (or none)."""
    told = sorted((_told(name, result) for name in SECTIONS.names), key=lambda one: one[0])
    return [(text, command) for _, text, command in told if text]


def _told(name: str, result: Any) -> tuple[float, str | None, str]:
    try:
        section = SECTIONS.make(name)
        text = section.text(result)
    except Exception as error:  # what is wrong with one, of another package say, must not cost the others
        return LAST, f"The section {name!r} cannot be shown ({in_a_line(error)}).", ""
    return getattr(section, "place", LAST), text, getattr(section, "command", "")
