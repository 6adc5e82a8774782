import re
import shlex
from pathlib import Path

from automl.cli import app
from automl.examples_data import TARGETS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
FIRST_SCREEN = "\n".join(README.splitlines()[:30])
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_two_commands_of_one_line_on_the_first_screen():
    assert FIRST_SCREEN.count("```sh\n") == 2
    assert len(BLOCKS) == 2
    assert all(block.count("\n") == 1 for block in BLOCKS)
    assert "pip install .`" in FIRST_SCREEN


def test_both_set_themselves_up():
    for block in BLOCKS:
        assert block.startswith("python3 -m venv .venv && .venv/bin/pip install -q -e ")
    assert BLOCKS[1].rstrip().endswith(".venv/bin/python -m pytest -n 2")


def test_commands_and_options_exist():
    import typer

    known = typer.main.get_command(app).commands
    used = [shlex.split(part)[1:] for part in BLOCKS[0].split("&&") if ".venv/bin/automl" in part]
    assert [words[0] for words in used] == ["example", "fit", "predict"]
    for command, *rest in used:
        options = {name for param in known[command].params for name in param.opts}
        assert {word for word in rest if word.startswith("--")} <= options
    assert TARGETS[used[0][1]] == used[1][used[1].index("--target") + 1]


def test_links_lead_somewhere():
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        missing = [link for link in re.findall(r"\]\((?!https?:)([^)#]+)", text) if not (ROOT / link).exists()]
        assert missing == []


def test_extras_that_are_named_exist():
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    text = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert set(re.findall(r"'\.\[(\w+)\]'", text)) <= set(extras)


def test_python_examples_parse():
    for block in re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL):
        compile(block, "README.md", "exec")
