"""A file of JSON lines: what stands on each, and what one line says."""

import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..graph.errors import DataError, UsageError

BOM = b"\xef\xbb\xbf"
Lines = Mapping[int, bytes]


def lines_of(path: Path) -> Lines:
    """The lines that hold something, by their number.

    Raises:
        UsageError: no such file.
        DataError: the file is empty, or one JSON array.
    """
    if not path.is_file():
        raise UsageError(f"{path}: no such file.")
    content = path.read_bytes().removeprefix(BOM)
    lines = {number: line for number, line in enumerate(content.split(b"\n"), 1) if line.strip()}
    if not lines:
        raise DataError(f"{path.name}: the file is empty. Give it a statement on each line.")
    if next(iter(lines.values())).lstrip().startswith(b"["):
        raise DataError(f"{path.name}: one JSON array. Write each statement on a line of its own (jq -c '.[]').")
    return lines


def json_of(written: bytes) -> Any:
    """What a line says; numbers with a point are decimals.

    Raises:
        DataError: no JSON, a key twice in one object, or a number that is none.
    """
    try:
        raw = json.loads(
            written.decode(), parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_each_key_once
        )
        if b"\\u" in written:  # half a surrogate pair is JSON, but no text
            json.dumps(raw, ensure_ascii=False, default=str).encode()
    except (ValueError, RecursionError) as error:
        raise DataError(f"no JSON: {error}") from error
    return raw


def part(of: dict[str, Any], name: str) -> dict[str, Any]:
    """A part that is an object itself; an absent one is empty.

    Raises:
        DataError: it is something else.
    """
    value = of.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DataError(f"{name} {value!r} is no object")
    return value


def parts(of: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A part that is a list of objects; an absent one is empty.

    Raises:
        DataError: it is something else.
    """
    value = of.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise DataError(f"{name} is no list of objects")
    return value


def text_of(of: dict[str, Any], name: str) -> str | None:
    """A part that is text; an absent one is None.

    Raises:
        DataError: it is something else, such as a number, which would have lost its leading zeros.
    """
    value = of.get(name)
    if value is not None and not isinstance(value, str):
        raise DataError(f"{name} {value!r} is no text")
    return value


def _no_number(name: str) -> None:
    raise DataError(f"{name} is no number")


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DataError(f"{twice} stands twice in one object")
    return made
