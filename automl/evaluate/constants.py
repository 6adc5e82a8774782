"""Numbers that decide how candidates are evaluated."""

FIRST_SHARE = 0.7  # of the first fold's time, for preparing and fitting: nothing is known of what else it takes
FIT_SHARE = 0.9  # of a later fold's time, less what the folds before it took beside the fit
LOOK_ROWS = 5_000  # validation rows of a fold that are scored at least, where training rows are left out
ANSWERED_ROWS = 1_000  # validation rows of the first fold that are predicted without the cache, to measure a row's time
TRAIN_SAMPLE = 2_000  # training rows a fold that the training score looks at: people read it, nothing is decided by it

# ---- fits on all rows

LEAST_MADE = 0.85  # of the planned rounds, where there is no curve: with fewer, the model of a hold-out is as good
CURVE_GAP = 0.03  # of the loss, that the rounds which are lacking would bring: a tenth more rows bring 3 to 8 %
