"""Parts that are chosen by name: a file in a folder of ours is enough, or an entry point of another package.

Names are read off the sources, so that a module is imported only when its part is used.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from automl.errors import ArgumentError
from automl.wording import did_you_mean


class Named(Protocol):
    """What all parts have."""

    name: str


T = TypeVar("T", bound=Named)
_NAMED = re.compile(r"^\s+name\b.*=", re.MULTILINE)  # only such a source may hold a part: parsing takes longer


@dataclass(frozen=True)
class Entry:
    """Where a part is found."""

    name: str
    place: EntryPoint
    summary: str = ""  # first line of what the class says of itself; not read from other packages
    listed: bool = True


class Registry(Generic[T]):
    """The parts of one kind.

    A part of ours is a public class with a text ``name = "..."`` in a module of the folder; ``listed = False`` beside
    it says that it only works inside others. A part takes its options by name and keeps each in an attribute of that
    name (as scikit-learn's estimators), so that it can be written down and made anew.

    Parameters
    ----------
    package : str
        The folder as a package, such as "automl.strategies".
    argument : str
        Argument of `AutoML` that takes a part.
    method : str
        What a part is known by beside its name, such as "ask".
    default : str
        The part that is listed first, and explained.
    group : str, optional
        Group of entry points; the package's name where not given.
    """

    def __init__(self, package: str, argument: str, method: str, default: str = "auto", group: str = "") -> None:
        self.package, self.group = package, group or package
        self.argument = argument
        self.method = method
        self.default = default

    @cached_property
    def _every(self) -> dict[str, Entry]:
        """All parts by name, the default first; where another package takes a name of ours, ours stays."""
        found = {name: Entry(name, place) for name, place in plugged(self.group).items()}
        found |= {entry.name: entry for entry in self._own()}
        return {name: found[name] for name in sorted(found, key=lambda name: (name != self.default, name))}

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """The parts that are listed."""
        return {name: entry for name, entry in self._every.items() if entry.listed}

    @cached_property
    def defaults(self) -> list[T]:
        """All parts with their defaults, those included that are not listed."""
        return [self._made(name, {}) for name in self._every]

    @property
    def names(self) -> list[str]:
        """What may be chosen."""
        return list(self.entries)

    @property
    def help(self) -> str:
        """Names, and what the default is, for the command line."""
        *names, last = self.names
        summary = self.entries[self.default].summary
        return f"{', '.join(names)} or {last}. {self.default} is {summary[:1].lower()}{summary[1:]}"

    def __getitem__(self, name: str) -> type[T]:
        """Class of that name.

        Raises
        ------
        ArgumentError
            If it is another package's and of no use.
        """
        entry = self._every[name]
        part = load(entry.place, self.argument)
        if not (isinstance(part, type) and self._is_part(part) and getattr(part, "name", None) == name):
            needs = f"a class with name = {name!r} and a method {self.method!r}"
            raise ArgumentError(f"{self.argument}: the entry point {name!r} ({entry.place.value}) must be {needs}.")
        return part

    def class_named(self, name: str) -> type[T] | None:
        """Class by its own name, such as ``TPE``; None where there is none."""
        return next((self[entry.name] for entry in self.entries.values() if entry.place.attr == name), None)

    def exported(self, name: str) -> type[T]:
        """Class by its own name, as an attribute of the package.

        Raises
        ------
        AttributeError
            If there is none.
        """
        if not name[:1].isupper() or (found := self.class_named(name)) is None:
            raise AttributeError(f"module {self.package!r} has no attribute {name!r}")
        return found

    def make(self, given: str | T) -> T:
        """The part of that name or text, or one like that object: made anew, so it keeps nothing of an earlier run.

        A text is a name, or what `text` gives, such as ``tpe(startup=10)``.

        Raises
        ------
        ArgumentError
            If there is none of that name, or what is given is no part or cannot be written down.
        """
        if isinstance(given, str) and (read := _read(given)) is not None and read[0] in self.entries:
            return self._made(*read)
        if isinstance(given, (str, type)) or not self._is_part(given):
            raise ArgumentError(self._unknown(given))
        self.text(given)
        return type(given)(**self._options(given))

    def text(self, part: T) -> str:
        """A part as a run writes it down: its name, and the options that are no defaults.

        Raises
        ------
        ArgumentError
            If an option cannot be read back from text, or the name is another part's.
        """
        name = part.name
        if name in self.entries and self[name] is not type(part):
            raise ArgumentError(
                f"{self.argument}: {type(part).__name__} has the name {name!r} of another; give it a name of its own."
            )
        options = self._options(part)
        for option, value in options.items():
            if not _reads_back(value):
                raise ArgumentError(
                    f"{self.argument}: {option} of {name} must be a number, a text, None or a list of these, so that "
                    f"the run can be resumed; got {value!r}."
                )
        written = ", ".join(f"{option}={value!r}" for option, value in options.items())
        return f"{name}({written})" if written else name

    def written(self, given: Any) -> Any:
        """The text of a part that can be made of its text alone; anything else as it is."""
        return self.text(given) if self._is_part(given) and given.name in self.entries else given

    def _made(self, name: str, options: dict[str, Any]) -> T:
        part = self[name]
        try:
            inspect.signature(part).bind(**options)
        except TypeError as error:
            which = "other options" if options else "options without defaults"
            raise ArgumentError(
                f"{self.argument}: {name!r} has {which} ({error}); give an object, as in "
                f"{self.argument}={part.__name__}(...)."
            ) from error
        return part(**options)

    def _is_part(self, part: object) -> bool:
        return isinstance(getattr(part, "name", None), str) and callable(getattr(part, self.method, None))

    def _unknown(self, given: object) -> str:
        hint = did_you_mean(given, self.names) if isinstance(given, str) else ""
        own = "" if isinstance(given, str) else f", or an object with a name and a method {self.method!r}"
        return f"{self.argument} must be one of {', '.join(map(repr, self.names))}{own}; got {given!r}.{hint}"

    def _options(self, part: T) -> dict[str, Any]:
        """What a part was made with, where that is no default."""
        options: dict[str, Any] = {}
        for name, parameter in inspect.signature(type(part)).parameters.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD) or not hasattr(part, name):
                raise ArgumentError(
                    f"{self.argument}: {type(part).__name__} must keep its option {name!r} in an attribute of that "
                    "name, so that the run can be resumed."
                )
            value = getattr(part, name)
            if repr(value) != repr(parameter.default):
                options[name] = value
        return options

    def _own(self) -> Iterator[Entry]:
        spec = find_spec(self.package)
        for folder in (spec and spec.submodule_search_locations) or ():
            for path in sorted(Path(folder).glob("*.py")):
                source = path.read_text(encoding="utf-8")
                for node in ast.parse(source).body if _NAMED.search(source) else ():
                    said = _said(node)
                    if isinstance(node, ast.ClassDef) and isinstance(name := said.get("name"), str):
                        place = EntryPoint(name, f"{self.package}.{path.stem}:{node.name}", self.group)
                        summary = (ast.get_docstring(node) or "").partition("\n")[0]
                        yield Entry(name, place, summary, said.get("listed") is not False)


def plugged(group: str) -> dict[str, EntryPoint]:
    """Entry points of a group by name."""
    return {place.name: place for place in _installed(tuple(sys.path)).select(group=group)}


def load(place: EntryPoint, argument: str) -> Any:
    """What is there.

    Raises
    ------
    ArgumentError
        Naming the argument, if it cannot be imported.
    """
    try:
        return place.load()
    except Exception as error:  # whatever importing another package leads to
        what = f"{place.name!r} cannot be loaded ({type(error).__name__}: {error})"
        raise ArgumentError(f"{argument}: {what}.") from error


@cache
def _installed(path: tuple[str, ...]) -> Any:
    """Entry points of all packages on `sys.path`, which are read once for all kinds of parts."""
    return entry_points()


def _said(node: ast.stmt) -> dict[str, Any]:
    """Constants of the body of a public class."""
    if not isinstance(node, ast.ClassDef) or node.name.startswith("_"):
        return {}
    return {
        target.id: line.value.value
        for line in node.body
        if isinstance(line, (ast.Assign, ast.AnnAssign)) and isinstance(line.value, ast.Constant)
        for target in (line.targets if isinstance(line, ast.Assign) else [line.target])
        if isinstance(target, ast.Name)
    }


def _read(text: str) -> tuple[str, dict[str, Any]] | None:
    """Name and options that a text such as ``tpe(startup=10)`` says; None where it says no such thing."""
    name, opened, options = text.partition("(")
    try:
        call = ast.parse(f"of({options}" if opened else "of()", mode="eval").body
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and not call.args:
            return name, {str(one.arg): ast.literal_eval(one.value) for one in call.keywords}
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        pass
    return None


def _reads_back(value: object) -> bool:
    """Whether a value's text stands for it."""
    try:
        return bool(ast.literal_eval(repr(value)) == value)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return False
