"""Imported by the server of workers where a test has it preload this: forks fail, the first one or all of them."""

import errno
import os

_fork, _left = os.fork, [int(os.environ.get("FAILING_FORKS", "0"))]


def fork():
    if _left[0]:
        _left[0] -= 1
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return _fork()


os.fork = fork
