"""Estimators that do what estimators must not, for the tests of those who have to live with them."""

import ctypes
import errno
import os
import signal
import time
import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.naive_bayes import GaussianNB


class Shares(ClassifierMixin, BaseEstimator):
    """Answers with the shares of the classes."""

    def fit(self, X, y):
        self.classes_, counts = np.unique(y, return_counts=True)
        self.shares_ = counts / counts.sum()
        return self

    def predict_proba(self, X):
        return np.tile(self.shares_, (len(X), 1))

    def predict(self, X):
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


class Raises(Shares):
    def fit(self, X, y):
        raise RuntimeError("it cannot\n   be done " + "x" * 1000)


class RunsOutOfMemory(Shares):
    def fit(self, X, y):
        raise MemoryError("no more")


class PredictsNaN(Shares):
    def predict_proba(self, X):
        shares = super().predict_proba(X)
        shares[0] = np.nan
        return shares


class Warns(Shares):
    def fit(self, X, y):
        warnings.warn("this is odd", UserWarning, stacklevel=2)
        warnings.warn("this is odd", UserWarning, stacklevel=2)
        np.log(np.zeros(1))
        return super().fit(X, y)


class Slow(Shares):
    def fit(self, X, y):
        time.sleep(0.2)
        return super().fit(X, y)


class Segfaults(Shares):
    def fit(self, X, y):
        ctypes.string_at(0)


class Leaves(Shares):
    def fit(self, X, y):
        os._exit(3)


class Hangs(Shares):
    def fit(self, X, y):
        time.sleep(10_000)


class HangsDeaf(Shares):
    def fit(self, X, y):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while True:
            time.sleep(60)


class KillsItself(Shares):
    def fit(self, X, y):
        os.kill(os.getpid(), signal.SIGKILL)


class FindsTheDiskFull(Shares):
    """Its model cannot be written."""

    def __getstate__(self):
        if hasattr(self, "shares_"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().__getstate__()


class Heavy(Shares):
    """Its model takes up 3 MB on disk."""

    def fit(self, X, y):
        self.ballast_ = np.random.default_rng(0).bytes(3_000_000)
        return super().fit(X, y)


class MovesTheClock(Shares):
    """The wall clock of its process goes back by a day in the middle of a fit."""

    def fit(self, X, y):
        now = time.time
        time.time = lambda: now() - 86_400
        return super().fit(X, y)


class Eats(Shares):
    def fit(self, X, y):
        eaten = []
        while True:
            eaten.append(np.ones(5_000_000))
            time.sleep(0.02)


class Spy(TransformerMixin, BaseEstimator):
    """Writes down how many rows it is shown, in the file of that name."""

    def __init__(self, path=""):
        self.path = path

    def _tell(self, what, X, y=None):
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(f"{what} {len(X)} {'' if y is None else len(y)}\n")

    def fit(self, X, y=None):
        self._tell("fit", X, y)
        self.fitted_ = True
        return self

    def transform(self, X):
        self._tell("transform", X)
        return X


class SlowBayes(GaussianNB):
    """Good, but later than a limit of 0.5 s allows."""

    def fit(self, X, y, sample_weight=None):
        time.sleep(0.6)
        return super().fit(X, y, sample_weight)
