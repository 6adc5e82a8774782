"""Numbers that decide what is said of candidates and labels."""

ERRORS = 2.0  # standard errors that a difference must exceed, for a candidate to be clearly behind
SHARE = 0.02  # of the way from the dummy to the winner: the standard error where folds cannot tell it
FAR = 5.0  # robust standard deviations of a residual, beyond which a label is in doubt
BIN_ROWS = 100  # least rows of a bin of predictions in which residuals are compared: spread is not the same everywhere
BINS = 10  # of them at most
LEAST_GAIN = 0.01  # of a label's mean probability on the shares of the classes, for models to know a thing
