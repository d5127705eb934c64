"""Which loader reads which format."""

from collections.abc import Sequence
from pathlib import Path

from ..graph.errors import UsageError
from . import bods, gleif, smesd
from .folder import files_of
from .reading import Reading
from .table import Said, read

FORMATS = ("canonical", "bods", "gleif", "smesd")
ENDINGS = {"bods": (".jsonl", ".json"), "gleif": (".csv",), "smesd": (".csv",)}


def read_paths(paths: Sequence[Path], form: str, said: Said) -> list[Reading]:
    """Reads files, or the files of folders, of one format.

    Raises:
        UsageError: no such file or folder, or none of the format's files in it.
        DataError: a file can't be read at all.
    """
    return [read_file(path, form, said) for path in every_file(paths, form, said)]


def every_file(paths: Sequence[Path], form: str, said: Said) -> list[Path]:
    """The files that some paths name, folders opened."""
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: no such file or folder.")
        if path.is_file():
            files.append(path)
        else:
            files += files_of(path, said) if form == "canonical" else _in(path, form)
    return list(dict.fromkeys(files))


def _in(folder: Path, form: str) -> list[Path]:
    found = sorted(path for path in folder.iterdir() if path.suffix in ENDINGS[form])
    if not found:
        raise UsageError(f"{folder}: no {' or '.join(ENDINGS[form])} file in it.")
    return found


def read_file(path: Path, form: str, said: Said) -> Reading:
    """Reads one file of a format."""
    if form == "canonical":
        return read(path, said)
    return {"bods": bods.read, "gleif": gleif.read, "smesd": smesd.read}[form](path)
