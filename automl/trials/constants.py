"""What decides how much of a run is kept, with units and reasons."""

# ---- files of folds and prepared arrays

CACHE_BYTES = 2 * 2**30  # bytes of prepared arrays on disk, or a share of it where that is less
MAPPED_BYTES = 2**20  # bytes from which prepared arrays are mapped: each takes a descriptor for as long as it is used

# ---- the disk

DISK_SHARE = 0.25  # of the free bytes: as much for fold models as for prepared arrays, so that half stays free

# ---- the journal

RESERVE_BYTES = 256 * 1024  # bytes kept free for the last lines of a run whose disk is full

# ---- which models are kept

KEPT_BEST = 50  # candidates whose fold models stay on disk, beside each family's best: an ensemble may want them
KEPT_BYTES = 4e9  # bytes of them, or a share of the disk where that is less; the best candidate's stay in any case
KEPT_PARTIAL = 5  # candidates that were not evaluated in full, kept beside them where they look better than the best,
PARTIAL_SHARE = 0.25  # in that share of the bytes
UNWRITTEN = 3  # trials in a row that are lost because the disk is full: the next ones would be, too

# ---- their order

REPEATED = 8  # candidates that must have been cross-validated anew before repeats decide

# ---- replays

LONGEST_ARGUMENT = 20_000  # characters of an argument that a journal keeps
SAME_LOSS = 1e-9  # relative difference of losses that is none
