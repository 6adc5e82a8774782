"""Numbers that decide where jobs run, and how long what is late is waited for."""

WARM_SHARE = 0.25  # of the time until the search ends, for the first worker to come up,
WARM_SECONDS = 5.0  # and at most: then quick jobs run in the main process
HERE_SHARE = 0.25  # of the time that is left, which such a job may take: it cannot be stopped
LEAST_BYTES = 500 * 10**6  # of a worker: where memory is short, fewer run at once
HERE_BYTES = 10**9  # of address space that candidates in the main process must have left, where it is limited
START_SECONDS = 300.0  # that a server may take to import its libraries from a slow disk
ATTEMPTS = 4  # at forking a worker: a limit of processes may have room again
PAUSE_SECONDS = 0.05  # between the first two, then twice as long, and so on
