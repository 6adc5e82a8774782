"""Artifacts, in a folder and in a store of another kind: they need no more than to put, get and drop by key."""

import json
import pickle
from dataclasses import asdict
from fnmatch import fnmatchcase

import numpy as np
import pytest

from automl.errors import ArtifactError, DiskError
from automl.trials.artifacts import Artifacts
from automl.trials.measures import Measures
from automl.trials.store import FolderStore
from automl.trials.trial import TOP, FoldResult, Rung


class Remote:
    """A store as a service would be one: bytes by key, nothing of a file system."""

    def __init__(self):
        self.content = {}

    def put(self, key, value, what):
        self.content[key] = pickle.dumps(value)
        return len(self.content[key])

    def get(self, key):
        if key not in self.content:
            raise ArtifactError(f"{key} is missing.")
        return pickle.loads(self.content[key])

    def size(self, key):
        return len(self.content.get(key, b""))

    def keys(self, pattern):
        depth = pattern.count("/") + 1
        found = {"/".join(key.split("/")[:depth]) for key in self.content if key.count("/") + 1 >= depth}
        names = pattern.split("/")
        return sorted(key for key in found if all(map(fnmatchcase, key.split("/"), names)))

    def drop(self, key):
        self.content = {one: kept for one, kept in self.content.items() if one != key and not one.startswith(f"{key}/")}


@pytest.fixture(params=["folder", "remote"])
def store(request, tmp_path):
    return FolderStore(tmp_path, "a run") if request.param == "folder" else Remote()


def fold(number, **fields):
    return FoldResult(number, Measures(0.5, 0.4, 0.1, 0.2, 0.3, rows_predicted=3), **fields)


def test_what_is_put_is_got_until_it_is_dropped(store):
    values = {"a/b/c.pkl": {"any": ["object"]}, "a/b/d.npy": np.arange(3), "a/e.json": '{"text": "ü"}'}
    for key, value in values.items():
        assert store.put(key, value, "A toy") == store.size(key) > 0
    for key, value in values.items():
        np.testing.assert_equal(store.get(key), value)
    assert store.keys("a/*/*") == ["a/b/c.pkl", "a/b/d.npy"]
    assert store.keys("*") == ["a"]
    store.put("a/e.json", "anew", "A toy")
    assert store.get("a/e.json") == "anew"
    store.drop("a/e.json")
    assert store.size("a/e.json") == 0
    store.drop("a")
    store.drop("missing")
    assert store.keys("*") == store.keys("a/b/*") == []
    with pytest.raises(ArtifactError):
        store.get("a/b/c.pkl")


def test_a_fold_of_a_version_before_is_read(store):
    artifacts = Artifacts(store)
    kept = artifacts.save_fold("k", TOP, fold(0), "model", np.full(3, 0.0))
    told = {name: value for name, value in asdict(kept).items() if name != "measures"} | asdict(kept.measures)
    store.put("k/rows1-iterations1/fold0.json", json.dumps(told), "A toy")
    assert artifacts.folds("k", TOP) == {0: kept}


def test_folds_are_whole_or_never_happened(store):
    artifacts = Artifacts(store)
    for number in range(3):
        kept = artifacts.save_fold("k", TOP, fold(number), f"model {number}", np.full(3, number))
        assert kept.measures.model_bytes > 0
    assert list(artifacts.folds("k", TOP)) == [0, 1, 2]
    assert artifacts.model("k", TOP, 1) == "model 1"
    np.testing.assert_array_equal(artifacts.prediction("k", TOP, 2, np.array([0]), of=3), [2])
    with pytest.raises(ArtifactError, match="missing or damaged"):
        artifacts.prediction("k", TOP, 2, of=4)
    store.drop("k/rows1-iterations1/fold1.pkl")
    store.drop("k/rows1-iterations1/fold2.npy")
    assert list(artifacts.folds("k", TOP)) == [0]
    assert artifacts.folds("other", TOP) == {}


def test_a_fold_goes_on_from_the_most_iterations_below(store):
    artifacts = Artifacts(store)
    for share in (0.125, 0.5, 1.0):
        artifacts.save_fold("k", Rung(iterations=share), fold(0), f"of {share}", np.zeros(3))
    assert artifacts.fewer_iterations("k", TOP, 0) == "of 0.5"
    assert artifacts.fewer_iterations("k", Rung(iterations=0.5), 0) == "of 0.125"
    assert artifacts.fewer_iterations("k", Rung(iterations=0.125), 0) is None


def test_candidates_that_nothing_needs_are_forgotten(store):
    artifacts = Artifacts(store)
    for key in ("a", "b"):
        artifacts.save_fold(key, TOP, fold(0), "model", np.zeros(3))
        artifacts.save_refit(key, "refitted")
    artifacts.keep_only({"b"})
    assert (artifacts.refit("a"), artifacts.refit("b")) == (None, "refitted")
    assert store.keys("*") == ["b"]


def test_a_folder_that_is_gone_is_not_made_anew(tmp_path):
    store = FolderStore(tmp_path / "gone")
    with pytest.raises(DiskError, match="A toy could not be written"):
        store.put("a/b.pkl", 1, "A toy")
    assert not (tmp_path / "gone").exists()
