"""Which loader reads which format."""

from collections.abc import Sequence
from pathlib import Path

from ..graph.errors import UsageError
from .bods import read as read_bods
from .dependence import read as read_dependence
from .folder import files_of
from .gleif import read as read_gleif
from .psc import read as read_psc
from .reading import Reading
from .sheet import ENDINGS as SHEETS
from .smesd import read as read_smesd
from .table import Said, read

ENDINGS = {
    "bods": (".jsonl", ".json"),
    "dependence": (".csv", *SHEETS),
    "gleif": (".csv",),
    "psc": (".jsonl", ".json", ".txt"),
    "smesd": (".csv",),
}


def every_file(paths: Sequence[Path], form: str, said: Said) -> list[Path]:
    """The files that some paths name, folders opened.

    Raises:
        UsageError: no such file or folder, or none of the format's files in it.
    """
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
    """Reads one file of a format.

    Raises:
        DataError: the file can't be read at all.
    """
    if form == "canonical":
        return read(path, said)
    if form == "dependence":
        return read_dependence(path, said)
    if form == "psc":
        return read_psc(path, said.recorded_on)
    return {"bods": read_bods, "gleif": read_gleif, "smesd": read_smesd}[form](path)
