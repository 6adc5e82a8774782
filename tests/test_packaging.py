"""Wheel, sdist and editable install hold the search spaces and run from any folder."""

import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LIGHTGBM = "search_spaces/models/lightgbm.toml"

pytestmark = pytest.mark.slow


def run(*command, cwd=None):
    words = [*map(str, command)]
    done = subprocess.run(words, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def builder(tmp_path_factory):
    """An interpreter that has the build backend, and pip of its own."""
    folder = tmp_path_factory.mktemp("builder")
    run(sys.executable, "-m", "venv", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    run(python, "-m", "pip", "install", "-q", *requires)
    return python


@pytest.fixture(scope="module")
def built(builder, tmp_path_factory):
    """The folder with wheel and sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(builder, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    return folder


@pytest.fixture
def borrowing(tmp_path):
    """A fresh environment that finds our libraries, but not our own package, in this one."""
    run(sys.executable, "-m", "venv", tmp_path / "venv")
    python = tmp_path / "venv" / "bin" / "python"
    libraries = run(sys.executable, "-c", "import typer; print(typer.__file__)").strip()
    site = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    # a .pth line adds the folder without reading the .pth files in it, an editable install of ours among them
    Path(site, "borrowed.pth").write_text(f"{Path(libraries).parents[1]}\n")
    return python


def check_installed(python, tmp_path, inside):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    place = run(python, "-c", "import automl; print(automl.__file__)", cwd=elsewhere).strip()
    assert Path(place).is_relative_to(inside)
    told = run(python.parent / "automl", "families", "lightgbm", cwd=elsewhere)
    assert "num_leaves" in told


def test_wheel(built, borrowing, tmp_path):
    wheel = next(built.glob("*.whl"))
    names = zipfile.ZipFile(wheel).namelist()
    assert f"automl/{LIGHTGBM}" in names
    assert "automl/py.typed" in names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"automl"}
    run(borrowing, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--ignore-installed", wheel)
    check_installed(borrowing, tmp_path, tmp_path / "venv")


def test_sdist_holds_what_the_wheel_and_the_tests_need(built, builder, tmp_path):
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, filter="data")
    root = next(tmp_path.glob("tabular_automl_search-*"))
    for name in ("pyproject.toml", "README.md", "automl/cli.py", LIGHTGBM, "tests/test_cli.py"):
        assert (root / name).exists(), name
    run(builder, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again", cwd=root)
    first, again = (zipfile.ZipFile(next(place.glob("*.whl"))).namelist() for place in (built, tmp_path / "again"))
    assert sorted(first) == sorted(again)


def test_editable(borrowing, tmp_path):
    run(borrowing, "-m", "pip", "install", "-q", "--no-deps", "--ignore-installed", "-e", ROOT)
    check_installed(borrowing, tmp_path, ROOT)
