"""The numbers that decide how columns are read, each with its unit and the reason for it."""

from __future__ import annotations

# ---- what a column is

NUMBER_SHARE = 0.95  # of the present cells: must be numbers, spans of time, ..., so that the column is of that kind
DATE_SHARE = 0.9  # of the present cells: must be dates, which are written in more ways than are known
SOME_SHARE = 0.05  # of the present cells: fewer times of day or dates among others are slips
PARTLY_SHARE = 0.5  # of the present cells: must be numbers, so that a column of numbers and a few words is both
PARTLY_WORDS, PARTLY_NUMBERS = 20, 3  # distinct words at most, and numbers at least, of such a column
ORDER_WORDS = 40  # distinct words: the orders that are known have fewer
DAYS_SHARE = 2.0  # days: where half of the spans of time are as long, they are counted in days, else in minutes
ID_ROWS = 100  # rows: fewer whole numbers in a row may be anything
HEAD_ROWS = 1_000  # first rows: tell in nearly all columns that they number nothing and are no dates
IMPOSSIBLE_SHARE = 0.02  # of the rows: with more parts that make no date, such as 31 February, they are none of one

# ---- levels of categories

MAX_LEVELS = 10_000  # levels that are told apart; rarer ones are one level
LEAST_ROWS = 2  # rows of a level of its own: nothing is learned of one that comes once
TEXT_LEVELS = 30  # levels: more may be too many to be told apart, and texts with parts are read as text too
TARGET_LEVELS = 12  # levels: a category of more may be encoded by the target, too
MAX_ONE_HOT = 50  # levels that a one-hot encoding tells apart, about
INTEGER_LEVELS = 12  # distinct whole numbers: more, such as hours and days, are amounts (storms lost 8 %)
INTEGER_ROWS = 10  # rows a distinct whole number at least, in the mean: of fewer nothing is learned
INTEGER_REACH = 10_000  # between the least and the largest of them: they are counted in an array of that size
INTEGER_COLUMNS = 1_000  # columns of numbers: of more none is tried as a category, as looking at them takes a second

# ---- texts

HASHED_WORDS, HASHED_PIECES = 2**16, 2**17  # places: so many that hardly two of a table's words share one
MAX_CHARACTERS = 2_000  # of a cell: what follows is not read, so that a table of articles is read in seconds
MAX_PIECES = 20_000_000  # characters of a column: above, pieces are not counted, as a million take about a second

# ---- arrays

LARGEST = 1e36  # of a number: those beyond are taken for it, as their sums must be floats of 32 bits
CHUNK_ROWS = 8_192  # put side by side at a time: what is written stays in the processor's cache
ALIKE_ROWS = 1_000  # evenly spread: two columns must be alike in them before they are compared in all
TAIL = 10.0  # spreads from the median: tails are heavy where a thousandth of the rows lies beyond
TAIL_ROWS, TAIL_LEAST = 10_000, 1_000  # rows that are looked at for heavy tails; fewer where there are many columns
TAIL_CELLS, TAIL_COLUMNS = 3_000_000, 64  # in all, and columns at a time, which are sorted

# ---- cells of later tables that cannot be read

MOST_LOST = 1_000  # texts of the fit that are kept, of which nothing need be said again
MOST_SAID = 8  # columns: of more, nobody reads the sentences
MAX_NAMED = 8  # columns that one note names
CERTAIN_CELLS = 20  # cells: too many to be chance, however many rows there are
NEW_CELLS = 10  # cells without a known level, where training had rare levels that were one, too

# ---- very many columns

MOST_COLUMNS = 20_000  # that are read: of more, those that vary most over the rows
SCREEN_ROWS, SCREEN_LEAST = 100, 20  # evenly spread rows that are looked at to find these,
SCREEN_CELLS = 10_000_000  # and cells, at a time and about in all
GLANCE_ROWS = 20  # rows of columns of texts, which take longer to be looked at
MANY_COLUMNS = 200  # columns from which numbers are read in blocks, as pandas takes 0.1 ms for one,
BLOCK_ROWS = 10_000  # where a column has at most so many rows: what is done once a row takes longer with more
BLOCK_COLUMNS = 4_096  # of one block
