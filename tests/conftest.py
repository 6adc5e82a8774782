import gc
import importlib
import os
import pkgutil
import random
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from hypothesis import HealthCheck, settings

import automl

# The same examples in every run and on every machine, and nothing that a busy machine decides: a change is judged, not
# chance. New ones: `pytest --hypothesis-profile=default`, and `scripts/check --fuzz N` for tables.
settings.register_profile(
    "same", derandomize=True, database=None, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("same")
# Hypothesis also draws the constants of whatever modules are loaded: all of ours always are, whichever tests run first.
for module in pkgutil.walk_packages(automl.__path__, "automl."):
    if module.name != "automl.__main__":
        importlib.import_module(module.name)

DEFAULT = Path(__file__).parent.parent.parent / "shared" / "datasets"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs):
    """Workers share the cores, so each computes with one native thread: several would wait for one another."""
    for spec in specs:
        spec.env["OMP_NUM_THREADS"] = os.environ.get("OMP_NUM_THREADS", "1")


def pytest_collection_finish():
    """What is loaded by now stays: no collection of garbage has to look through it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _seeds_of_its_own(request, monkeypatch):
    """A fit without `random_state` draws the seed that it drew in the last run of this test, on any machine."""
    monkeypatch.setattr(automl.settings.secrets, "randbits", random.Random(request.node.nodeid).getrandbits)


@pytest.fixture(scope="session")
def dataset():
    """Load a table by name: `train`, `test` (target included), `target`, and what datasets.toml says of it.

    The tables lie in the folder that AUTOML_DATASETS names.
    """
    folder = Path(os.environ.get("AUTOML_DATASETS", DEFAULT))

    def load(name):
        parts = {part: folder / name / f"{part}.csv.gz" for part in ("train", "test")}
        if not all(path.exists() for path in parts.values()):
            pytest.skip(f"there is no table {name!r} in {folder}; AUTOML_DATASETS names the folder of tables")
        told = tomllib.loads((folder / "datasets.toml").read_text(encoding="utf-8"))[name]
        return SimpleNamespace(**{**told, **{part: pd.read_csv(path) for part, path in parts.items()}})

    return load
