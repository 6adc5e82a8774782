"""Faults of candidates, of disks and of signals, each a fit that goes wrong: the first rows of `faults.py`."""

from __future__ import annotations

import signal
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fault:
    """One row: what breaks, and how.

    Parameters
    ----------
    name : str
    family : str
        Class of `misbehaving` that is tried first; empty where it is not a candidate's fault.
    settings : dict
        Further arguments of `AutoML`.
    inside : str
        What the run does to itself after one trial or two: a function of `faults_child.py`.
    outside : tuple of signals
        What is sent to its main process while a third candidate hangs.
    disk : str
        What is done to a small disk before the run: "room" (nothing), "full", "read-only"; empty is an ordinary folder.
    ends : str
        What is right beside a model: "refused" (a sentence at the start), "killed" (by the signal); empty where only
        a model is.
    """

    name: str
    family: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    inside: str = ""
    outside: tuple[int, ...] = ()
    disk: str = ""
    ends: str = ""


FAULTS = (
    Fault("exception", "Raises"),
    Fault("NaN predictions", "PredictsNaN"),
    Fault("segfault", "Segfaults"),
    Fault("`os._exit`", "Leaves"),
    Fault("hang that ignores SIGTERM", "HangsDeaf", {"trial_timeout": 2.0}),
    Fault("memory bomb", "Eats", {"memory_limit": "1.2GB"}),
    Fault("worker killed from outside", "Hangs", {"trial_timeout": 20.0}, inside="kill_workers"),
    Fault("server of workers killed", "Slow", inside="kill_server"),
    Fault("run folder removed in mid-run", "Slow", inside="remove_folder"),
    Fault("run folder renamed in mid-run", "Slow", inside="rename_folder"),
    Fault("full disk: no room for a model", "Heavy", {"cv": 5}, disk="room"),
    Fault("full disk: no room at all, in mid-run", "Slow", {"max_trials": 30}, inside="fill_disk", disk="room"),
    Fault("full disk at the start", disk="full", ends="refused"),
    Fault("read-only `run_dir`", disk="read-only", ends="refused"),
    Fault("SIGINT", "Hangs", outside=(signal.SIGINT,)),
    Fault("SIGTERM", "Hangs", outside=(signal.SIGTERM,)),
    Fault("SIGTERM twice", "Hangs", outside=(signal.SIGTERM, signal.SIGTERM), ends="killed"),
    Fault("SIGHUP", "Hangs", outside=(signal.SIGHUP,)),
    Fault("SIGKILL", "Hangs", outside=(signal.SIGKILL,), ends="killed"),
    Fault("clock a day ahead", "MovesTheClock", inside="clock_ahead"),
    Fault("second run on the `run_dir`", inside="second_run"),
)
