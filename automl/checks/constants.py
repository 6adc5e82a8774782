"""The numbers that decide what is said of the data, each with its unit and the reason for it."""

from __future__ import annotations

SHOWN = 5  # columns that one sentence names

# ---- columns that give the target away, or number the rows

LEAKAGE_CELLS, LEAKAGE_ROWS = 300_000, 10_000  # that are looked at at most, so that all takes 0.2 s
LEAKAGE_LEAST = 500  # rows, where there are so many columns that these cells would be fewer
LEAKAGE_SECONDS = 1.0  # of this core, after which no further column is looked at
LEAST_ROWS = 30  # rows: with fewer, chance decides
LEAST_OF_CLASS = 5  # rows of the rarer of two classes: with fewer, chance decides
NEIGHBOURS = 2  # to each side, which vote on a row's class
AUC, ACCURACY, R2 = 0.995, 0.995, 0.999  # above which one column gives the target away: no honest one of 24 tables does
DENSE = 1.2  # whole numbers, all different, that fill this many times their number of places are numbers of rows

# ---- rows to predict that differ from those to learn from

SHIFT_ROWS = 5_000  # of either side that are compared at most, which takes 0.4 s
SHIFT_CELLS, SHIFT_LEAST = 1_000_000, 1_000  # of either side: fewer rows where there are many columns, but so many
SHIFT_COLUMNS = 1_000  # that are compared, evenly spread
TOLD_APART = 0.6  # ROC AUC above which the sides differ
SURE = 3.0  # standard errors above chance, besides
SHIFTED = 0.1  # distance of a column's two distributions above which it is named, beyond what chance would make
