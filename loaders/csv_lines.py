"""The lines of a CSV file: where each record starts, which ones have the wrong number of fields, in what encoding.

Quotes, separators and newlines are found over the whole file at once (RFC 4180), so that a record that spans lines is
reported under the physical line on which it starts, and a broken record never shifts its neighbours.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..graph.errors import DataError

BOM = b"\xef\xbb\xbf"
NEWLINE, QUOTE, RETURN = ord("\n"), ord('"'), ord("\r")


@dataclass(frozen=True)
class Lines:
    """A CSV file taken apart.

    Attributes:
        text: the whole file as UTF-8 with only the records that have as many fields as the heading.
        numbers: physical line on which each of those records starts, the heading's left out.
        broken: line and text of each record with another number of fields.
        encoding: utf-8 or gb18030.
    """

    text: bytes
    numbers: np.ndarray
    broken: list[tuple[int, str]]
    encoding: str


def read_lines(path: Path, separator: str = ",") -> Lines:
    """Takes a CSV file apart.

    Raises:
        DataError: the file is empty, in no encoding that is read here, ends inside a quoted field, or its heading
            shows another separator.
    """
    text, encoding = _utf8(path)
    if not text.strip():
        raise DataError(f"{path.name}: the file is empty. Write at least its heading.")
    starts, ends, fields = _records(path, text, separator)
    blank = ends <= starts
    numbers = 1 + np.searchsorted(np.flatnonzero(_bytes(text) == NEWLINE), starts)
    starts, ends, fields, numbers = starts[~blank], ends[~blank], fields[~blank], numbers[~blank]
    heading = text[starts[0] : ends[0]]
    if fields[0] == 1 and separator == "," and (b";" in heading or b"\t" in heading):
        raise DataError(
            f"{path.name}: fields are separated by ';' or tabs. Name the separator (and decimal mark) in --map."
        )
    wrong = np.flatnonzero(fields != fields[0])
    broken = [(int(numbers[i]), text[starts[i] : ends[i]].decode()) for i in wrong]
    kept = text if not len(wrong) and not blank.any() else _without(text, starts, ends, fields == fields[0])
    return Lines(kept, numbers[fields == fields[0]][1:], broken, encoding)


def _utf8(path: Path) -> tuple[bytes, str]:
    content = path.read_bytes()
    for mark in (b"\xff\xfe", b"\xfe\xff"):
        if content.startswith(mark):
            raise DataError(f"{path.name}: encoded as UTF-16. Save it as UTF-8.")
    for encoding in ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return text.encode().removeprefix(BOM), encoding
    raise DataError(f"{path.name}: neither UTF-8 nor GB18030. Save it as UTF-8.")


def _bytes(text: bytes) -> np.ndarray:
    return np.frombuffer(text, dtype=np.uint8)


def _records(path: Path, text: bytes, separator: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each record starts and ends (its newline left out), and how many fields it has."""
    raw = _bytes(text)
    marks = np.flatnonzero((raw == NEWLINE) | (raw == ord(separator)) | (raw == QUOTE))
    quotes = raw[marks] == QUOTE
    inside = np.cumsum(quotes) % 2 == 1
    if len(inside) and inside[-1]:
        line = 1 + int((raw[: marks[quotes][-1]] == NEWLINE).sum())
        raise DataError(f"{path.name} line {line}: a quoted field is never closed. Add the closing quote.")
    _no_stray_quote(path, raw, marks[quotes & inside])
    outside = marks[~inside & ~quotes]
    newline = raw[outside] == NEWLINE
    ends = outside[newline]
    separators = np.flatnonzero(~newline)
    if raw[-1] != NEWLINE:
        ends = np.append(ends, len(raw))
    starts = np.concatenate([[0], ends[:-1] + 1])
    fields = 1 + np.diff(np.searchsorted(outside[separators], ends), prepend=0)
    carriage = (ends > starts) & (raw[np.maximum(ends - 1, 0)] == RETURN)
    return starts, ends - carriage, fields


def _no_stray_quote(path: Path, raw: np.ndarray, opening: np.ndarray) -> None:
    """A quote opens a field at its start, or doubles the quote before it; elsewhere nobody can tell."""
    before = raw[np.maximum(opening - 1, 0)]
    letters = (opening > 0) & ~np.isin(before, np.frombuffer(b'\n",;\t|', dtype=np.uint8))
    if letters.any():
        line = 1 + int((raw[: opening[letters][0]] == NEWLINE).sum())
        raise DataError(
            f"{path.name} line {line}: a quote inside a field without quotes. Quote the field and double it."
        )


def _without(text: bytes, starts: np.ndarray, ends: np.ndarray, good: np.ndarray) -> bytes:
    return b"\n".join(text[start:end] for start, end in zip(starts[good], ends[good], strict=True)) + b"\n"
