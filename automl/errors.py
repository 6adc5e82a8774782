"""Every error that `automl` raises on purpose.

::

    AutoMLError
    ├── InputError (ValueError)          what was handed in cannot work
    │   ├── DataError                    the table or the target
    │   ├── ArgumentError                an argument of AutoML or of fit
    │   ├── SpaceError                   a file of the search space
    │   ├── NotFittedError               a model that is asked before fit (in `automl.fitted`; scikit-learn's too)
    │   ├── CandidateError               the text of a candidate
    │   └── RunDirError                  a run_dir that belongs to another run, or is in use
    ├── InputTypeError (TypeError)       an argument of the wrong Python type
    ├── DiskError (OSError)              what the run needs does not fit on the disk of run_dir
    ├── ArtifactError                    a file of the run is missing or damaged, or was not written by this user
    └── ExecutorError                    worker processes cannot be started or kept

Beside them `DataWarning` (UserWarning) says what a prediction had to leave out.

A candidate that fails is not an error: it is a `Trial` with a status and a message.
"""

from __future__ import annotations


class AutoMLError(Exception):
    """Base of all errors of this library."""


class InputError(AutoMLError, ValueError):
    """What was handed in cannot work; the message says what, where, and what to do."""


class DataError(InputError):
    """The table or the target cannot be used."""


class DataWarning(UserWarning):
    """Cells of the rows to predict cannot be read as what their column was in training."""


class ArgumentError(InputError):
    """An argument has a value that cannot work."""


class SpaceError(InputError):
    """A file of the search space is wrong; the message names file, table and key."""


class CandidateError(InputError):
    """A text does not describe a candidate of the space."""


class RunDirError(InputError):
    """A run_dir holds another run, or another process is using it."""


class ExecutorError(AutoMLError):
    """Worker processes cannot be started or kept; what was finished before is handed over where there is something."""


class DiskError(AutoMLError, OSError):
    """A file that the run needs could not be written; in the middle of a search that costs a trial, not the run."""


class ArtifactError(AutoMLError):
    """A file of the run is missing or damaged, or was not written by this user; it costs the trials it belongs to."""


class InputTypeError(AutoMLError, TypeError):
    """An argument has the wrong Python type."""
