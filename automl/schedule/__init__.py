"""How thoroughly, and for how long."""

from __future__ import annotations

from collections.abc import Callable

from automl.schedule.auto import Auto
from automl.schedule.budget import Budget
from automl.schedule.cost import CostModel
from automl.schedule.halving import Halving, Hyperband, Rule, Whole
from automl.schedule.ladder import Ladder

# name -> rule, made of the ladder, the cost model, the metric's name, the search's budget and its cores
SCHEDULES: dict[str, Callable[[Ladder, CostModel, str, Budget, int], Rule]] = {
    "auto": Auto,
    "halving": lambda ladder, *_: Halving(ladder),
    "hyperband": lambda ladder, *_: Hyperband(ladder),
    "none": lambda ladder, *_: Whole(ladder),
}
