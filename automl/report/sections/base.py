"""What a section is."""

from __future__ import annotations

from typing import Any, Protocol


class Section(Protocol):
    """Says one thing of a result.

    Its attribute `place`, where it has one, says where it stands (low ones are first), `command` which command of
    ``automl`` shows more of it.
    """

    name: str

    def text(self, result: Any) -> str | None:
        """What there is to say of an `automl.result.Result`; None is nothing."""
