"""The canonical folder: one file for each table, as a bank or the made-up economy writes it."""

from pathlib import Path

from ..graph.errors import DataError, UsageError
from ..graph.schema import TABLES
from .headings import headings_of
from .reading import Reading
from .table import Said, read, table_of

ENDINGS = (".csv", ".parquet")


def files_of(folder: Path, said: Said) -> list[Path]:
    """The files of a folder that hold tables, in the dictionary's order; folders in it are not read.

    Raises:
        UsageError: no such folder.
        DataError: no file in it is named after a table, or a table stands there twice.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such file or folder.")
    found = [(table.name, path) for path in sorted(folder.iterdir())
             if path.suffix in ENDINGS and path.is_file() and (table := table_of(path, said))]  # fmt: skip
    if not found:
        raise DataError(
            f"{folder}: no file named after a table ({', '.join(TABLES)}). 'relparty template' writes them."
        )
    order = list(TABLES)
    return [path for _, path in sorted(found, key=lambda pair: (order.index(pair[0]), pair[1]))]


def read_folder(folder: Path, said: Said = Said()) -> list[Reading]:  # noqa: B008 (frozen)
    """Reads every table of a folder."""
    return [read(path, said) for path in files_of(folder, said)]


def write_template(folder: Path) -> list[Path]:
    """Writes an empty file with its headings for every table; never over a file that stands there.

    Raises:
        UsageError: one of the files exists.
    """
    paths = [folder / f"{name}.csv" for name in TABLES]
    standing = [path for path in paths if path.exists()]
    if standing:
        raise UsageError(f"{standing[0]}: exists. Choose an empty folder.")
    folder.mkdir(parents=True, exist_ok=True)
    for path, table in zip(paths, TABLES.values(), strict=True):
        path.write_text(",".join(headings_of(table)) + "\n", encoding="utf-8")
    return paths
