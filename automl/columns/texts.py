"""Text as counts of hashed words and pieces of words: nothing is learned, so it is read once for all folds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_array

from automl.columns.constants import HASHED_PIECES, HASHED_WORDS, MAX_CHARACTERS, MAX_PIECES
from automl.columns.table import TextCounts


def count_texts(texts: Sequence[str]) -> TextCounts:
    """Counts of the words (and pairs of neighbours), and of the pieces of 3 to 5 characters inside words.

    The hashing trick (Weinberger et al. 2009, "Feature hashing for large scale multitask learning"), by scikit-learn's
    HashingVectorizer. Each distinct text is read once.

    Parameters
    ----------
    texts : sequence of str
        An empty string where missing.
    """
    from sklearn.feature_extraction.text import HashingVectorizer

    distinct, inverse = np.unique(
        np.array([text[:MAX_CHARACTERS] for text in texts], dtype=object), return_inverse=True
    )
    plain = {"alternate_sign": False, "norm": None, "dtype": np.float32}
    words = HashingVectorizer(ngram_range=(1, 2), n_features=HASHED_WORDS, token_pattern=r"(?u)\b\w+\b", **plain)
    pieces = HashingVectorizer(analyzer="char_wb", ngram_range=(3, 5), n_features=HASHED_PIECES, **plain)
    long = sum(map(len, distinct)) > MAX_PIECES
    counted = [words.transform(distinct), (words if long else pieces).transform(distinct)]
    if long:
        counted[1] = counted[1][:, :0]
        counted[1].resize(len(distinct), HASHED_PIECES)
    return TextCounts(*(csr_array(counts.tocsr()[inverse]) for counts in counted))
