"""What new rows will be scored."""

from __future__ import annotations

from typing import Any

from automl.output import wrapped


class ExpectedScore:
    """The score that is expected of the model, and how sure that is."""

    name = "expected"
    place = 1

    def text(self, result: Any) -> str:
        """A sentence, and another one where there is no interval of 95 %."""
        return wrapped(result.expected.sentence(result.metric))
