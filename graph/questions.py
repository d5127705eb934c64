"""The analysts' saved questions: one Cypher file each, with what it answers and its parameters in its first comments.

`// What it answers.` is the first line; `// $limit = 20: what it means` is a parameter with its default as JSON, and
`// $party_id: what it means` one that must be given.
"""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from .errors import UsageError

FOLDER = Path(__file__).parent / "cypher"
_PARAMETER = re.compile(r"^// \$(?P<name>\w+)(?: = (?P<default>[^:]+))?: (?P<meaning>.+)$")


@dataclass(frozen=True)
class Question:
    """A saved question.

    Attributes:
        name: of its file, without .cypher.
        answers: what it answers, one sentence.
        text: the Cypher.
        defaults: of the parameters that have one.
        parameters: what each parameter means.
    """

    name: str
    answers: str
    text: str
    defaults: Mapping[str, object]
    parameters: Mapping[str, str]


def questions() -> dict[str, Question]:
    """All saved questions by name."""
    return {path.stem: read(path) for path in sorted(FOLDER.glob("*.cypher"))}


def listed() -> pl.DataFrame:
    """Name, parameters and meaning of every saved question."""
    every = questions().values()
    return pl.DataFrame(
        {
            "question": [each.name for each in every],
            "parameters": [" ".join(_signature(each)) for each in every],
            "answers": [each.answers for each in every],
        }
    )


def read(path: Path) -> Question:
    """A question from its file."""
    text = path.read_text(encoding="utf-8")
    first, *rest = text.splitlines()
    found = [match for line in rest if (match := _PARAMETER.match(line))]
    defaults = {each["name"]: json.loads(each["default"]) for each in found if each["default"]}
    meanings = {each["name"]: each["meaning"] for each in found}
    return Question(path.stem, first.removeprefix("//").strip(), text, defaults, meanings)


def asked(question: str, given: Iterable[str]) -> tuple[str, dict[str, object], bool]:
    """The Cypher to run for what a user asked: a saved question's name, or Cypher itself (it holds a blank).

    Args:
        given: parameters as NAME=VALUE. Of a saved question they take the type of its default; of free Cypher a
            value that is JSON is read as such, any other is text.

    Returns:
        text, parameters, and whether it is a saved question.

    Raises:
        UsageError: no such question, no such parameter, or one is not given.
    """
    values = dict(_pair(each) for each in given)
    if re.search(r"\s", question.strip()):
        return question, {name: _plain(value) for name, value in values.items()}, False
    every = questions()
    if question not in every:
        near = difflib.get_close_matches(question, every, 1)
        hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(every)}."
        raise UsageError(f"{question}: no saved question of that name. {hint}")
    return every[question].text, _filled(every[question], values), True


def _filled(question: Question, values: Mapping[str, str]) -> dict[str, object]:
    unknown = [name for name in values if name not in question.parameters]
    if unknown:
        raise UsageError(f"{question.name} has no parameter {unknown[0]}. It takes {' '.join(_signature(question))}.")
    lacking = [name for name in question.parameters if name not in values and name not in question.defaults]
    if lacking:
        raise UsageError(f"{question.name} needs {lacking[0]}: {question.parameters[lacking[0]]}. -p {lacking[0]}=…")
    typed = {name: _typed(question, name, value) for name, value in values.items()}
    return {**question.defaults, **typed}


def _typed(question: Question, name: str, value: str) -> object:
    default = question.defaults.get(name, "")
    if isinstance(default, str):
        return value  # "007" is an id, not a number
    try:
        return float(value) if isinstance(default, float) else int(value)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{question.name}: {name} is {value!r}, and must be like {default!r}.") from error


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"{text!r} is no parameter. Write -p NAME=VALUE.")
    return name, value


def _plain(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _signature(question: Question) -> list[str]:
    return [
        f"{name}={json.dumps(question.defaults[name])}" if name in question.defaults else name
        for name in question.parameters
    ]
