"""What strings are: free text, names with parts, or identifiers that say nothing."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from automl.parsing.constants import (
    ID_ALIKE,
    ID_LENGTH,
    ID_SHARE,
    ID_TEXTS,
    KIND_SAMPLE,
    LEAST_TEXTS,
    MOSTLY,
    PIECE_SHARE,
    SAME_FRAME,
    SHARED_PIECES,
    TEXT_CHARACTERS,
    TEXT_WORDS,
)

_HEX = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|(?=.*\d)(?=.*[a-f])[0-9a-f]{12,}", re.IGNORECASE)
_COUNTER = re.compile(r"\D*\d+\D*")
_PARTS = re.compile(r"\w[^\w'.]+\w|[^\W\d_]\d|\d[^\W\d]|_|\d{3}")


def _sample(texts: NDArray[Any]) -> NDArray[Any]:
    return texts[:: max(1, len(texts) // KIND_SAMPLE)]


def is_free_text(texts: NDArray[Any], counts: NDArray[np.int64]) -> bool:
    """Whether texts are mostly distinct and of several words.

    More than half of the rows are distinct, and they have on average 3 words or 25 characters, or most have two words.
    """
    rows = counts.sum()
    if len(texts) < LEAST_TEXTS or len(texts) <= MOSTLY * rows:
        return False
    sample = _sample(texts)
    words = np.array([len(text.split()) for text in sample])
    if (words == 1).all():
        return bool(np.mean([len(text) for text in sample]) > TEXT_CHARACTERS)
    long = np.mean([len(text) for text in sample]) > TEXT_CHARACTERS
    return bool(words.mean() >= TEXT_WORDS or long or (words >= 2).mean() >= MOSTLY)


def has_parts(texts: NDArray[Any]) -> bool:
    """Whether most levels have parts that others may share.

    Several words, separators, letters beside digits, or long numbers; but a number beside a word that never changes
    is none (city_103).
    """
    sample = _sample(texts)
    frames = Counter(re.sub(r"\d+", "0", text) for text in sample)
    if frames.most_common(1)[0][1] > SAME_FRAME * len(sample) and _COUNTER.fullmatch(sample[0]):
        return False
    return bool(np.mean([bool(_PARTS.search(text)) for text in sample]) >= MOSTLY)


def random_id(texts: NDArray[Any], counts: NDArray[np.int64]) -> str:
    """What identifiers the texts are, empty where they are none.

    Nearly all differ, each is one word, and they are UUIDs or hexadecimal; or a number beside the same letters
    (A671882); or all of one length while no three characters in a row are shared by 1 % of them.
    """
    if len(texts) < LEAST_TEXTS or len(texts) < ID_SHARE * counts.sum():
        return ""
    sample = _sample(texts)
    if any(" " in text for text in sample):
        return ""
    if np.mean([bool(_HEX.fullmatch(text)) for text in sample]) > ID_ALIKE:
        return "random identifiers"
    frames = Counter(re.sub(r"\d+", "0", text) for text in sample)
    if frames.most_common(1)[0][1] > ID_ALIKE * len(sample) and _COUNTER.fullmatch(sample[0]):
        return "numbered identifiers"
    lengths = Counter(map(len, sample))
    if lengths.most_common(1)[0][1] < ID_ALIKE * len(sample) or len(sample[0]) < ID_LENGTH or len(sample) < ID_TEXTS:
        return ""
    pieces = Counter(piece for text in sample for piece in {text[k : k + 3].lower() for k in range(len(text) - 2)})
    least = max(3, PIECE_SHARE * len(sample))
    shared = sum(count for count in pieces.values() if count >= least)
    return "random identifiers" if shared < SHARED_PIECES * sum(pieces.values()) else ""
