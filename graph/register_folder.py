"""The register on disk: a folder of Parquet that is committed whole.

New tables are written beside the old ones; one rename of the manifest makes them the register. So a crash leaves the
register as it was before a load or as it is after, and a reader always sees one of the two.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from .errors import DataError, StoreError
from .register import Register
from .schema import TABLES, dictionary_hash

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Manifest:
    """What the folder holds: a version that counts up, and the file and hash of each table."""

    version: int
    files: dict[str, str]
    hashes: dict[str, str]

    @property
    def hash(self) -> str:
        """Names the register's content."""
        return hashlib.sha256(json.dumps(self.hashes, sort_keys=True).encode()).hexdigest()[:16]


def manifest(folder: Path) -> Manifest:
    """What a folder holds; version 0 where nothing was ever saved.

    Raises:
        DataError: the manifest can't be read, or was written under another dictionary.
    """
    try:
        raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Manifest(0, {}, {})
    except json.JSONDecodeError as error:
        raise DataError(f"{folder / MANIFEST}: {error}. Restore it, or load the sources into a new folder.") from error
    if raw["dictionary"] != dictionary_hash():
        raise DataError(f"{folder}: written under another dictionary. Load its sources into a new folder.")
    return Manifest(raw["version"], raw["files"], raw["hashes"])


def load(folder: Path) -> Register:
    """Reads the register that a folder holds; an empty one where nothing was ever saved."""
    held = manifest(folder)
    return Register({name: pl.read_parquet(folder / file) for name, file in held.files.items()})


def rows_by_table(folder: Path) -> dict[str, int]:
    """How many rows each table of a folder holds, without reading them."""
    held = manifest(folder)
    return {name: _rows(folder, held, name) for name in sorted(held.files)}


def save(register: Register, folder: Path) -> Manifest:
    """Commits a register to a folder, whole; only tables that changed are written. Call it while holding `writing`."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    held = manifest(folder)
    files, hashes = dict(held.files), dict(held.hashes)
    for name in sorted(register.tables):
        if register.tables[name].height == _rows(folder, held, name):  # rows are only ever added
            continue
        files[name] = f"{name}-{held.version + 1}.parquet"
        register.tables[name].write_parquet(folder / files[name])
        _sync(folder / files[name])
        hashes[name] = hashlib.sha256((folder / files[name]).read_bytes()).hexdigest()
    if hashes == held.hashes:
        return held
    new = Manifest(held.version + 1, files, hashes)
    _commit(folder, new)
    for old in set(held.files.values()) - set(files.values()):
        (folder / old).unlink(missing_ok=True)
    return new


@contextmanager
def writing(folder: Path, wait: float = 120) -> Iterator[None]:
    """Holds the folder for one writer; the system lets go of it when the holder dies.

    Raises:
        StoreError: another writer held it for all of `wait` seconds.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with FileLock(folder / ".lock", timeout=wait):
            _sweep(folder)
            yield
    except Timeout as error:
        raise StoreError(
            f"{folder}: another load has held it for {wait:g} seconds. Wait for it, or raise --wait."
        ) from error


def _commit(folder: Path, new: Manifest) -> None:
    draft = folder / f".{MANIFEST}.draft"
    content = {"version": new.version, "dictionary": dictionary_hash(), "files": new.files, "hashes": new.hashes}
    draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
    _sync(draft)
    draft.replace(folder / MANIFEST)
    _sync(folder)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sweep(folder: Path) -> None:
    """Removes what a killed writer left beside the register."""
    named = set(manifest(folder).files.values())
    for name in TABLES:
        for file in folder.glob(f"{name}-*.parquet"):
            if file.name not in named:
                file.unlink(missing_ok=True)


def _rows(folder: Path, held: Manifest, name: str) -> int:
    return pq.read_metadata(folder / held.files[name]).num_rows if name in held.files else 0
