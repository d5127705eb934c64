"""What is kept of natural persons: a pseudonym (default), everything, or nothing; national ids only as hashes."""

import hashlib
import hmac
import os
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Literal

import polars as pl

from ..graph.schema import PERSON_SCHEMES
from .reading import Reading

Persons = Literal["pseudonym", "full", "none"]
HASH_LENGTH = 12  # hex digits: 2^48 names before two are likely to meet


def salt(folder: Path) -> bytes:
    """The register's own secret, made once, readable by its owner alone: without it a hash can't be tried out."""
    path = folder / ".persons-salt"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return bytes.fromhex(path.read_text(encoding="ascii"))
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
    return bytes.fromhex(path.read_text(encoding="ascii"))


def protect(reading: Reading, persons: Persons, key: bytes) -> Reading:
    """A reading with the names of persons replaced as the setting says, and national ids hashed in any case."""
    tables = dict(reading.tables)
    if "parties" in tables and persons != "full":
        tables["parties"] = _names(tables["parties"], persons, key)
    if "identifiers" in tables:
        tables["identifiers"] = _national(tables["identifiers"], key)
    rejected = reading.rejected
    if {"kind", "name"} <= set(rejected.columns) and persons != "full":
        rejected = _names(rejected, persons, key)
    if {"scheme", "value"} <= set(rejected.columns):
        rejected = _national(rejected, key)
    return replace(reading, tables=tables, rejected=rejected)


def _national(identifiers: pl.DataFrame, key: bytes) -> pl.DataFrame:
    return _hashed(identifiers, "value", pl.col("scheme").is_in(PERSON_SCHEMES), "hash-", key)


def _names(parties: pl.DataFrame, persons: Persons, key: bytes) -> pl.DataFrame:
    person = pl.col("kind") == "person"
    if persons == "none":
        return parties.with_columns(name=pl.when(~person.fill_null(value=False)).then("name"))
    return _hashed(parties, "name", person, "Person ", key)


def _hashed(frame: pl.DataFrame, column: str, which: pl.Expr, prefix: str, key: bytes) -> pl.DataFrame:
    """Values of `column` in some rows become keyed hashes; each different value is hashed once."""
    which = which & ~pl.col(column).str.contains(f"^{prefix}[0-9a-f]{{{HASH_LENGTH}}}$")  # hashed before
    values = frame.filter(which).get_column(column).drop_nulls().unique()
    if values.is_empty():
        return frame
    digests = [prefix + hmac.new(key, value.encode(), hashlib.sha256).hexdigest()[:HASH_LENGTH] for value in values]
    hashed = pl.col(column).replace_strict(values, pl.Series(digests), default=None, return_dtype=pl.String)
    return frame.with_columns(pl.when(which).then(hashed).otherwise(column).alias(column))
