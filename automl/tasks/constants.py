"""The numbers that decide what is asked of a target, each with its unit and the reason for it."""

from __future__ import annotations

MAX_WHOLE_CLASSES = 20  # whole numbers of at most this many values are classes,
SURE_WHOLE_CLASSES = 7  # but more than so many of which some come once, in at least this many rows, are counts:
COUNT_ROWS = 50  # labels are chosen so that each comes again
SKEWED = 1.0  # third moment above which a target is learned in logarithms, too
LARGEST_TARGET = 1e150  # of a number to be predicted: the sum of some squared errors must be a float

# ---- targets of texts

AMOUNT_LABELS = 20  # whole numbers, or numbers with a unit, of at most so many values are labels
AMOUNT_SHARE = 0.95  # of the rows that must be numbers; the others are named
AMOUNT_GLANCE = 0.8  # of a sample that must look like amounts, so that the others are looked at

# ---- metrics

LEAST_PRECISION = 0.9  # of recall_at_precision where its name says no other
LEAST_PROBABILITY = 1e-6  # that log loss is charged for, so that one sure mistake does not outweigh all other rows
