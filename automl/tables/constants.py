"""The numbers that decide how tables are read, each with its unit and the reason for it."""

from __future__ import annotations

TEXT_SHARE = 0.25  # of memory_limit that the text of a table may be: pandas takes four to five times as much to read it
SPARSE_SHARE = 0.25  # of memory_limit that a sparse table may take once it is filled out
HEAD_BYTES = 65_536  # of a file that tell its encoding and its separator
CHUNK_BYTES = 1 << 20  # that are unpacked at a time, so that a file beyond the limit is not unpacked whole
WIDE_TABLE = 1_000  # columns: more of them are quicker from here on where those of a dtype stand side by side

# ---- words that else mean "missing"

MAX_LABELS = 20  # of a target of words, among which NA may be one
LABEL_SHARE = 0.05  # of the rows that have such a word, if it is rarer than all others
