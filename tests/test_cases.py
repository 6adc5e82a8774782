"""Tables as other tools write them, targets written as people write numbers, and cases that are shared."""

import gzip
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from automl import AutoML
from automl.columns.columns import Columns
from automl.dataset import Data
from automl.errors import DataError
from automl.tables.frame import as_frame
from automl.tables.read import read_table
from automl.tables.text_files import NOTES
from automl.tasks.number_target import read_amounts

CASES = (
    Path(os.environ.get("AUTOML_DATASETS", Path(__file__).parent.parent.parent / "shared" / "datasets")).parent
    / "cases"
)
QUICK = {"max_trials": 3, "executor": "inline", "n_jobs": 1, "verbose": 0, "random_state": 0}
ROWS = 120
RNG = np.random.default_rng(0)
X = RNG.normal(500, 100, ROWS)

SHARED = {  # target, task, and the least score on rows that were held out
    "target_decimal_comma": ("temperature", "regression", 0.95),
    "target_currency": ("price", "regression", 0.95),
    "label_na": ("continent", "binary", 0.8),
    "sep_line": ("y", "binary", 0.9),
    "utf16": ("yes?", "binary", 0.9),
    "codes_beyond_2_53": ("y", "regression", 0.98),
    "excel_numbers": ("y", "regression", 0.98),
}


@pytest.mark.parametrize("name", SHARED)
def test_shared(name):
    path = CASES / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"there is no {path}; the folder of AUTOML_DATASETS has none of cases beside it")
    target, task, least = SHARED[name]
    table = read_table(path, target=target)
    target = target if target in table else table.columns[-1]
    table = table.sample(frac=1, random_state=0).reset_index(drop=True)
    cut = int(0.7 * len(table))
    model = AutoML(**QUICK).fit(table[:cut], target)
    assert model.task_ == task
    assert model.score(table[cut:], target) > least
    assert not {"constant", "empty"} & set(model.columns_["kind"])


# ---- files


def written(tmp_path, text, encoding="utf-8", name="table.csv"):
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    return path


TABLE = pd.DataFrame({"a": [1, 2], "town": ["Köln", "Łódź"]})
FORMS = {
    "named separator": ("sep=;\na;town\n1;Köln\n2;Łódź\n", "utf-8"),
    "in quotes": ('"sep=;"\r\na;town\r\n1;Köln\r\n2;Łódź\r\n', "utf-8"),
    "a tab in words": ("sep=\\t\na\ttown\n1\tKöln\n2\tŁódź\n", "utf-8"),
    "a tab": ("sep=\t\na\ttown\n1\tKöln\n2\tŁódź\n", "utf-8-sig"),
    "a comma, in capitals": ("SEP=,\na,town\n1,Köln\n2,Łódź\n", "utf-8-sig"),
    "a sign of its own": ("sep=^\na^town\n1^Köln\n2^Łódź\n", "utf-8"),
    "mark of UTF-8": ("a,town\n1,Köln\n2,Łódź\n", "utf-8-sig"),
    "UTF-16": ("a\ttown\n1\tKöln\n2\tŁódź\n", "utf-16"),
    "UTF-16, named separator": ("sep=;\r\na;town\r\n1;Köln\r\n2;Łódź\r\n", "utf-16"),
    "UTF-16 without a mark": ("a;town\n1;Köln\n2;Łódź\n", "utf-16-le"),
    "big end first": ("a;town\n1;Köln\n2;Łódź\n", "utf-16-be"),
    "UTF-32": ("a;town\n1;Köln\n2;Łódź\n", "utf-32"),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_of_text(name, tmp_path):
    path = written(tmp_path, *FORMS[name])
    found = read_table(path)
    pd.testing.assert_frame_equal(found, TABLE, check_dtype=False)
    assert bool(found.attrs[NOTES]) == ("UTF-16" in name or "UTF-32" in name or "big end" in name)
    zipped = tmp_path / "table.csv.gz"
    zipped.write_bytes(gzip.compress(path.read_bytes()))
    pd.testing.assert_frame_equal(read_table(zipped), TABLE, check_dtype=False)


def test_a_name_like_a_separator_is_a_name(tmp_path):
    assert list(read_table(written(tmp_path, "sep=one,b\n1,2\n"))) == ["sep=one", "b"]


ENCODINGS = {
    "cp1252": (
        "a,town\n1,Köln\n",
        "cp1252",
        r"byte 0xf6\); in Windows-1252 it reads 'Köln': .* iconv -f cp1252 -t utf-8",
    ),
    "cp1251": ("a,town\n1,Москва\n", "cp1251", r"find out its encoding, such as cp1251 or gb18030"),
    "Shift-JIS": ("a,town\n1,東京\n", "shift_jis", r"find out its encoding"),
}


@pytest.mark.parametrize("name", ENCODINGS)
def test_other_encodings_are_named(name, tmp_path):
    text, encoding, words = ENCODINGS[name]
    with pytest.raises(DataError, match=words):
        read_table(written(tmp_path, text, encoding))


@pytest.mark.parametrize("word", ["NA", "None", "null", "nan", "n/a"])
def test_a_word_for_missing_may_be_a_label(word, tmp_path):
    labels = np.where(np.arange(40) % 3 == 0, word, "EU")
    path = written(tmp_path, pd.DataFrame({"x": range(40), "y": labels}).to_csv(index=False))
    table = read_table(path, target="y")
    assert table["y"].tolist() == labels.tolist()
    assert f"the word {word!r} (14 rows) is a label" in table.attrs[NOTES][0]
    plain = read_table(path)
    assert plain["y"].isna().sum() == 14
    with pytest.raises(DataError, match=r"NaN in 14 rows .* such as 'NA' or 'None' .*, keep_default_na=False\)\.$"):
        Data.read(plain, "y", "auto")


def test_a_rare_word_and_an_empty_field_are_missing(tmp_path):
    labels = ["NA", "", *["EU", "AS"] * 50]
    path = written(tmp_path, pd.DataFrame({"x": range(102), "y": labels}).to_csv(index=False))
    table = read_table(path, target="y")
    assert table["y"].isna().sum() == 2
    assert table.attrs[NOTES] == []


def test_numbers_with_gaps_have_no_label(tmp_path):
    path = written(tmp_path, "x,y\n" + "".join(f"{k},{'NA' if k % 3 else k}\n" for k in range(40)))
    assert read_table(path, target="y")["y"].dtype == np.float64


# ---- whole numbers of more digits than floats keep

CODES = [1234567890123456788, 1234567890123456789, 1234567890123456790]
PLACES = np.arange(60) % 3


def coded(values):
    columns, table = Columns.read(as_frame(pd.DataFrame({"code": values, "x": range(60)})))
    return columns, table.codes[:, 0] if table.codes.shape[1] else None


def forms_of_codes():
    import pyarrow as pa

    whole = [CODES[place] for place in PLACES]
    yield "int64", pd.Series(whole)
    yield "uint64", pd.Series(whole, dtype="uint64")
    yield "Int64", pd.Series(whole, dtype="Int64")
    yield "objects", pd.Series(whole, dtype=object)
    yield "text", pd.Series(map(str, whole))
    gaps = [None if place % 7 == 0 else code for place, code in enumerate(whole)]
    yield "Int64 with gaps", pd.Series(gaps, dtype="Int64")
    yield "objects with gaps", pd.Series(gaps, dtype=object)
    yield "text with gaps", pd.Series([None if code is None else str(code) for code in gaps], dtype=object)
    yield "pyarrow with gaps", pd.Series(gaps, dtype=pd.ArrowDtype(pa.int64()))


@pytest.mark.parametrize(("name", "values"), [pytest.param(*form, id=form[0]) for form in forms_of_codes()])
def test_codes_keep_their_digits(name, values):
    columns, codes = coded(values)
    assert columns.columns[0].kind == "category"
    assert columns.columns[0].encodings[0].levels == tuple(map(str, CODES)) or "gaps" in name
    there = values.notna().to_numpy()
    expected = np.array([columns.columns[0].encodings[0].levels.index(str(CODES[place])) for place in PLACES])
    np.testing.assert_array_equal(codes, np.where(there, expected, -1))
    for other, cells in forms_of_codes():
        table = columns.encode(as_frame(pd.DataFrame({"code": cells, "x": range(60)})))
        np.testing.assert_array_equal(table.codes[:, 0], np.where(cells.notna(), expected, -1), err_msg=other)


def test_codes_of_other_libraries():
    pa = pytest.importorskip("pyarrow")
    values = [None, *[CODES[place] for place in PLACES[1:]]]
    columns = Columns.learn(as_frame(pa.table({"code": values, "x": list(range(60))})))
    assert set(columns.columns[0].encodings[0].levels) == set(map(str, CODES))


def test_codes_with_gaps_in_a_file(tmp_path):
    lines = "".join(f"{CODES[place]},1\n" for place in PLACES)
    path = written(tmp_path, f"code,x\n{lines},1\nNA,1\n")
    found = read_table(path)["code"]
    assert set(found.dropna()) == set(map(str, CODES))
    assert found.isna().sum() == 2


def test_floats_match_the_code_that_only_they_can_be_or_are_said():
    apart = [1234567890123456790, 2234567890123456790, 3234567890123456790]
    columns = Columns.learn(as_frame(pd.DataFrame({"code": [apart[place] for place in PLACES], "x": range(60)})))
    floats = pd.DataFrame({"code": [float(apart[1]), np.nan, float(apart[2])], "x": 1.0})
    table, said = columns.look(as_frame(floats))
    levels = columns.columns[0].encodings[0].levels
    assert [levels[code] if code >= 0 else None for code in table.codes[:, 0]] == [str(apart[1]), None, str(apart[2])]
    assert said == []
    near, _ = coded(pd.Series([CODES[place] for place in PLACES]))
    said = near.look(as_frame(pd.DataFrame({"code": [float(CODES[0]), np.nan], "x": 1.0})))[1]
    assert len(said) == 1
    assert "came as floats, which lost digits" in said[0]


def test_codes_that_are_floats_already_are_said():
    values = pd.Series([float(10**18 + 10**9 * place) for place in PLACES])
    assert "text" in coded(values)[0].columns[0].note
    assert len(coded(values)[0].notes) == 1


def test_moments_in_nanoseconds_stay_numbers():
    moments = pd.Series(pd.date_range("2024-01-01", periods=60).as_unit("ns").asi8)
    assert coded(moments)[0].columns[0].kind == "number"


# ---- numbers of spreadsheets


@pytest.mark.parametrize("form", ['="{}"', "'{}", "{}-", "({})", "−{}", "\u202f{} €", "{}\u00a0kg"])
def test_numbers_of_spreadsheets(form):
    size = RNG.integers(100, 999, 60)
    frame = as_frame(pd.DataFrame({"n": [form.format(number) for number in size], "x": range(60)}))
    columns, table = Columns.read(frame)
    assert columns.columns[0].kind == "number"
    np.testing.assert_array_equal(np.abs(table.numbers[:, 0]), size)
    assert (table.numbers[:, 0] < 0).all() == (form in ("{}-", "({})", "−{}"))


def test_codes_of_spreadsheets_keep_their_zeros():
    frame = as_frame(pd.DataFrame({"zip": [f'="{code:05d}"' for code in PLACES + 501], "x": range(60)}))
    column = Columns.learn(frame).columns[0]
    assert (column.kind, column.note) == ("category", "codes of 5 digits")


# ---- dates

MOMENTS = pd.date_range("2019-01-07 04:16:07", periods=60, freq="31h13min")
DATES = [
    "%Y-%m-%d-%H:%M:%S", "%Y-%m-%d_%H:%M", "%Y/%m/%d %H.%M", "%d.%m.%Y %H.%M", "%Y-%m-%d-%H.%M.%S.%f",
    "%Y%m%dT%H%M", "%Y%m%dT%H%M%SZ", "%Y%m%d %H%M", "%Y%m%d%H%M%S", "%Y%m%d-%H%M%S", "%Y-%m-%d %H:%M:%S,%f",
    "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d-%b-%Y", "%d-%b-%y", "%b-%Y", "%Y-%m",
    "%G-W%V", "%G-W%V-%u", "%d/%b/%Y:%H:%M:%S +0000", "%a %b %d %H:%M:%S %Y", "%a, %d %b %Y %H:%M:%S GMT",
    "%B %d, %Y at %I:%M %p", "%Y:%m:%d %H:%M:%S", "%Y年%m月%d日", "%H:%M %d.%m.%Y",
]  # fmt: skip


@pytest.mark.parametrize("form", DATES)
def test_dates(form):
    frame = as_frame(pd.DataFrame({"day": MOMENTS.strftime(form), "x": range(60)}))
    columns, table = Columns.read(frame)
    assert columns.columns[0].kind == "date"
    least = 1 if "%S" in form else 60 if "%M" in form else 86_400 if "%d" in form or "%u" in form else 32 * 86_400
    late = MOMENTS.as_unit("us").asi8 / 1e6 - table.dates[:, 0]
    assert (late >= 0).all()
    assert (late < least).all()


@pytest.mark.parametrize("form", ["%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d"])
def test_dates_that_are_numbers(form):
    text = pd.Series(MOMENTS.strftime(form))
    read = [
        Columns.read(as_frame(pd.DataFrame({"day": day, "x": range(60)})))[1].dates for day in (text, text.astype(int))
    ]
    np.testing.assert_array_equal(*read)


@pytest.mark.parametrize(
    "text", ["555-12:34", "2019-13-07-04:16", "10.0.12.34", "12.34.56", "1.2019 04.99", "20191332T0416"]
)
def test_no_dates(text):
    frame = as_frame(pd.DataFrame({"day": [text, "x"] * 30, "x": range(60)}))
    assert Columns.learn(frame).columns[0].kind == "category"


# ---- targets

AMOUNTS = {
    "decimal commas": ([f"{x:.1f}".replace(".", ",") for x in X], X.round(1)),
    "few of them": (["1,5", "2,5", "3,5"] * 40, [1.5, 2.5, 3.5] * 40),
    "dollars": ([f"${100 * x:,.2f}" for x in X], (100 * X).round(2)),
    "whole dollars": ([f"${100 * x:,.0f}" for x in X], (100 * X).round(0)),
    "euros": ([f"{x:.2f} €".replace(".", ",") for x in X], X.round(2)),
    "percent": ([f"{x:.1f}%" for x in X], X.round(1)),
    "a unit": ([f"{x:.1f} km" for x in X], X.round(1)),
    "thousands": ([f"{1000 * x:,.0f}" for x in X], (1000 * X).round(0)),
    "apostrophes": ([f"{1000 * x:,.0f}".replace(",", "'") for x in X], (1000 * X).round(0)),
    "brackets": ([f"({x:.2f})" for x in X], -X.round(2)),
    "text": ([f"{x:.3f}" for x in X], X.round(3)),
}
LABELS = {
    "digits": [f"{x:.0f}" for x in X],
    "zip codes": [f"{x:05.0f}" for x in X],
    "ranges": [f"{x:.0f}-{x + 10:.0f}" for x in X],
    "few ranges": ["10-20", "20-30"] * 60,
    "ordinals": [f"{x:.0f}th" for x in X],
    "places": ["1st", "2nd", "3rd"] * 40,
    "bounds": [">50K", "<=50K"] * 60,
    "many bounds": [f">{x:.1f}" for x in X],
    "units": ["1 BHK", "2 BHK", "3 BHK"] * 40,
    "prices": ["$5", "$10", "$20"] * 40,
    "more": ["1", "2", "3+"] * 40,
    "flats": [f"{x:.0f}a" for x in X],
    "exponents": [f"{x:.0f}e3" for x in X],
    "words": ["yes", "no"] * 60,
    "ages": ["under 18", "18 to 30", "30 or more"] * 40,
    "stops": ["non-stop", "1 stop", "2 stops"] * 40,
    "dates": list(pd.date_range("2020-01-01", periods=ROWS).astype(str)),
    "times": [f"{x % 24:.0f}:{x % 60:02.0f}" for x in X.astype(int)],
    "telephones": [f"555-{7 * x:04.0f}" for x in X],
    "versions": ["1.0.1", "1.2.0"] * 60,
    "several currencies": [f"{'$' if x > 500 else '€'}{x:.2f}" for x in X],
}


@pytest.mark.parametrize("name", AMOUNTS)
def test_targets_that_are_amounts(name):
    texts, values = AMOUNTS[name]
    data = Data.read(pd.DataFrame({"x": X}), pd.Series(texts), "auto")
    assert data.classes is None
    np.testing.assert_allclose(data.y, values)
    assert ("The target's texts are read as numbers" in data.inferred) == (name != "text")
    assert "\n" not in data.inferred
    asked = Data.read(pd.DataFrame({"x": X}), pd.Series(texts), "regression")
    np.testing.assert_array_equal(asked.y, data.y)


@pytest.mark.parametrize("name", LABELS)
def test_targets_that_are_labels(name):
    y = pd.Series(LABELS[name])
    found, form, said = read_amounts(y, "auto")
    assert found is y
    assert (form, said) == (None, "")


def test_a_target_of_several_units():
    metres = [f"{x:.1f} km" if x > 500 else f"{1000 * x:.0f} m" for x in X]
    found, _, said = read_amounts(pd.Series(metres), "auto")
    np.testing.assert_allclose(found, (1000 * X), rtol=1e-3)
    assert "in m" in said
    with pytest.raises(DataError, match=r"units .*'\$'.* cannot be converted"):
        read_amounts(pd.Series(LABELS["several currencies"]), "regression")


def test_a_row_of_the_target_that_is_no_amount_is_named():
    texts = [*AMOUNTS["dollars"][0][:-1], "call"]
    for task in ("auto", "regression"):
        with pytest.raises(DataError, match=r"row 119 holds 'call'; .*task='classification'"):
            read_amounts(pd.Series(texts), task)
    assert read_amounts(pd.Series(texts), "classification")[1] is None


def test_scores_read_the_target_as_the_fit_did():
    table = pd.DataFrame({"x": X, "y": [f"{x:.{2 + place % 2}f} €".replace(".", ",") for place, x in enumerate(X)]})
    model = AutoML(**{**QUICK, "include": ["ridge"]}).fit(table, "y")
    assert model.predict(table).dtype == np.float64
    assert model.score(table, "y") > 0.99
    assert model.score(table[1::2], "y") > 0.99  # 512,345 alone might be thousands
    assert model.score(table, X) > 0.99


# ---- the command line


def test_the_command_line_says_how_files_were_read_and_what_was_not(tmp_path, monkeypatch, capsys):
    from automl.cli import main

    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"x": X.round(2), "z": RNG.random(ROWS), "y": np.where(X > 500, "NA", "EU")})
    written(tmp_path, table.to_csv(index=False, sep="\t"), "utf-16")
    quick = ["--max-trials", "1", "--executor", "inline", "--include", "naive_bayes"]
    assert main(["fit", "table.csv", "-t", "y", *quick]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Mind: The file is UTF-16 text, and is read as such." in told
    assert "Mind: In the target 'y' the word 'NA'" in told
    some = table.astype({"x": object})
    some.loc[4, "x"] = "lots"
    written(tmp_path, some.to_csv(index=False), name="some.csv")
    assert main(["predict", "model", "some.csv", "--proba"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert told.count("Mind: Column 'x': 1 of 120 cells cannot be read as numbers and count as missing, 'lots'") == 1
    assert "On these rows 'y' is known: accuracy" in told
    assert set(pd.read_csv("predictions.csv", keep_default_na=False)["y"]) == {"NA", "EU"}
    written(tmp_path, table.assign(x="lots").to_csv(index=False), name="all.csv")
    assert main(["predict", "model", "all.csv"]) == 2
    assert "Column 'x': 120 of 120 cells cannot be read as numbers" in capsys.readouterr().err
