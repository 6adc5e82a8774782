"""The numbers that decide how texts are read, each with its unit and the reason for it."""

from __future__ import annotations

# ---- numbers, dates and spans of time

SAMPLE_TEXTS = 400  # distinct texts, evenly spread, that are looked at first: a share of them is off by some 5 %
MAX_FORMATS = 8  # formats of dates that one column may mix: each is tried on all texts
LEAST_DATES = 0.05  # of these texts: where fewer have the shape of a date, the column holds none
MAX_LOST_SPANS, MAX_LOST_NUMBERS = 0.3, 0.6  # of these texts that may be none; with more, the others are not looked at
MAX_UNITS = 20  # more of them, and the column is text that begins with numbers
MAX_TIGHT_RANGES = 200  # distinct texts like 555-1234; more of them are telephone numbers or codes
MOST_CODE = 1e20  # whole numbers beyond it are measures, not codes
REREAD_SHARE = 0.95  # of a later table's texts that must be of another decimal sign, unit or format, so that all are

# ---- strings

KIND_SAMPLE = 1_000  # distinct texts, evenly spread, that are looked at
LEAST_TEXTS = 20  # fewer distinct texts are categories
TEXT_WORDS, TEXT_CHARACTERS = 3.0, 25.0  # a text has so many on average
MOSTLY = 0.5  # of the rows have a text of their own (of the texts, two words or parts): a text
SAME_FRAME = 0.9  # of the texts are the same but for a number: that is no part that others share
ID_SHARE = 0.99  # of the rows have a text of their own, where texts may be identifiers,
ID_ALIKE = 0.95  # and so many of them are hexadecimal, or numbers beside the same letters, or of one length
ID_LENGTH, ID_TEXTS = 6, 100  # characters and texts: of fewer, that no pieces are shared is no sign of chance
PIECE_SHARE, SHARED_PIECES = 0.01, 0.1  # a piece is shared by so many of the texts; fewer such pieces are random
