"""How a text file is written, and what pandas loses of it: encoding, named separator, digits, labels such as NA."""

from __future__ import annotations

import codecs
import re
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.io.common import get_handle  # type: ignore[import-not-found]

from automl.parsing.cells import EXACT
from automl.tables.constants import HEAD_BYTES, LABEL_SHARE, MAX_LABELS
from automl.wording import counted

NOTES = "automl_notes"  # of a frame's `attrs`: what the user should know of how its file was read
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SEP = re.compile(r'"?sep=(\\t|.)"?[\s,;]*', re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """How a text file is written.

    Attributes
    ----------
    encoding : str
    separator : str
        Empty where nothing names it.
    skip : int
        Lines before the header.
    notes : tuple of str
    """

    encoding: str = "utf-8-sig"
    separator: str = ""
    skip: int = 0
    notes: tuple[str, ...] = ()

    @property
    def options(self) -> dict[str, Any]:
        """For `pandas.read_csv`."""
        return {"encoding": self.encoding, "skiprows": self.skip}


def form_of(path: Path) -> Form:
    """Look at the first bytes of a file, which may be compressed."""
    with get_handle(path, "rb", compression="infer", is_text=False) as opened:
        handle: Any = opened.handle
        head = bytes(handle.read(HEAD_BYTES))
    encoding = _encoding(head)
    notes = () if encoding == "utf-8-sig" else (f"The file is {encoding.upper()} text, and is read as such.",)
    first = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).partition("\n")[0]
    found = _SEP.fullmatch(first.strip("\r"))
    if not found:
        return Form(encoding, notes=notes)
    return Form(encoding, "\t" if found[1] == r"\t" else found[1], 1, notes)


def _encoding(head: bytes) -> str:
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    zero = np.frombuffer(head[: len(head) // 2 * 2], dtype=np.uint8).reshape(-1, 2) == 0
    low, high = zero.mean(axis=0) if len(zero) else (0.0, 0.0)
    return "utf-16-le" if high > 0.4 > low else "utf-16-be" if low > 0.4 > high else "utf-8-sig"


def not_utf8(path: Path, error: UnicodeDecodeError) -> str:
    """What is wrong with a file that is not UTF-8, and how to convert it."""
    text, byte = bytes(error.object), error.object[error.start]
    if error.encoding.lower().replace("_", "-") not in ("utf-8", "utf8", "utf-8-sig"):
        return f"{str(path)!r} begins as {error.encoding} text, but byte {error.start} is none; write it anew."
    word = re.split(rb"[,;\t|\r\n\"]", text[: error.start])[-1] + re.split(rb"[,;\t|\r\n\"]", text[error.start :])[0]
    line = text[text.rfind(b"\n", 0, error.start) + 1 :].partition(b"\n")[0]
    what = f"{str(path)!r} is not UTF-8 text (byte 0x{byte:02x}"
    try:
        read = word.decode("cp1252")
    except UnicodeDecodeError:
        read = ""
    if not read or sum(one > 127 for one in line) > sum(one < 128 and chr(one).isalpha() for one in line):
        return f"{what}); find out its encoding, such as cp1251 or gb18030, and convert it with iconv -t utf-8 -f."
    new = shlex.quote(f"{path.stem}_utf8{path.suffix}")
    command = f"iconv -f cp1252 -t utf-8 {shlex.quote(path.name)} > {new}"
    return f"{what}); in Windows-1252 it reads {read[:40]!r}: if that is right, convert it with {command}."


def mended(frame: pd.DataFrame, path: Path, target: str | None, options: dict[str, Any]) -> pd.DataFrame:
    """The table with what pandas loses: digits of whole numbers beside gaps, and labels such as NA.

    Parameters
    ----------
    frame : DataFrame
        As pandas read it.
    path : path
    target : str, optional
        Of its words that pandas takes for missing those are kept that are as frequent as another label, or not rare.
    options : dict
        For `pandas.read_csv`.
    """
    floats = frame.select_dtypes("float64")
    large = np.maximum(floats.max(), -floats.min()) > EXACT
    rounded = [name for name in floats.columns[large] if _is_whole(frame[name])]
    if rounded:
        written = pd.read_csv(path, usecols=rounded, dtype=str, **options)
        for name in rounded:
            if written[name].dropna().str.strip().str.fullmatch(r"[-+]?\d+").all():
                frame[name] = written[name]
    if target in frame.columns and _may_lack_a_label(frame[target]):
        words = pd.read_csv(path, usecols=[target], dtype=str, keep_default_na=False, **options)[target].str.strip()
        kept = words[frame[target].isna() & (words != "")].value_counts()
        kept = kept[kept >= min(LABEL_SHARE * len(frame), frame[target].value_counts().min())]
        for word, rows in kept.items():
            frame.attrs.setdefault(NOTES, []).append(
                f"In the target {target!r} the word {word!r} ({counted(rows, 'row')}) is a label, not a missing value; "
                "where it means that the answer is unknown, drop these rows."
            )
        frame[target] = frame[target].astype(object).where(~words.isin(kept.index), words)
    return frame


def _is_whole(values: pd.Series[Any]) -> bool:
    present = values.dropna()
    return bool(np.isfinite(present).all()) and bool((present % 1 == 0).all())


def _may_lack_a_label(values: pd.Series[Any]) -> bool:
    """Whether a target has few words for labels, and gaps."""
    from automl.tasks.number_target import may_be_amounts

    if pd.api.types.is_numeric_dtype(values.dtype) or not values.isna().any():
        return False
    labels = values.dropna().astype(str).unique()
    return 0 < len(labels) <= MAX_LABELS and not may_be_amounts(labels)
