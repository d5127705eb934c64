"""The form in which Chinese banks keep economic dependence: an Excel or CSV table, one dependence a row.

Columns: customer number and name, number and name of the customer depended on, one coded identification factor, free
text, account manager, branch, date, status. Headings and codes: docs/formats.md.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from ..graph.errors import DataError
from ..graph.schema import TABLES
from .accept import assemble
from .csv_text import CsvText, read_csv_text
from .endings import told_apart
from .headings import field_of
from .reading import Reading
from .sheet import ENDINGS, NUMBER_CELL, read_sheet
from .table import Said

TABLE = TABLES["depends_on"]
NUMBERS = ("dependent_id", "depended_on_id")

# Headings that no table of the dictionary has.
OWN = {
    "客户经理": "manager", "管户经理": "manager", "account_manager": "manager",
    "机构": "branch", "所属机构": "branch", "经办机构": "branch", "管户机构": "branch", "branch": "branch",
    "状态": "status", "记录状态": "status", "有效标志": "status", "status": "status",
    "日期": "valid_from", "date": "valid_from", "factor": "criterion",
    "识别因素代码": "criterion", "记录编号": "source_ref",
}  # fmt: skip
NAMES = ("客户名称", "被依存客户名称", "customer_name", "depended_on_customer_name")  # numbers say who is meant

HOLDS = ("", "1", "有效", "生效", "已生效", "正常", "valid", "active")
OVER = ("0", "失效", "已失效", "无效", "解除", "已解除", "终止", "invalid", "ended")
CODE = r"^0*([1-7])(?:\D.*)?$"  # '3', '03', '03-主要客户': the number of the criterion


def read(path: Path, said: Said = Said()) -> Reading:  # noqa: B008 (frozen)
    """Reads the form.

    Args:
        path: .csv in UTF-8 or GB18030, or an Excel file, whose first sheet with the headings is read.
        said: who says so, and the day on which the file was learned of; the latter ends rows whose status says that
            they are over and that name no end.

    Raises:
        UsageError: no such file.
        DataError: the file can't be read, or lacks the headings.
    """
    text = read_sheet(path, _is_heading) if path.suffix.lower() in ENDINGS else read_csv_text(path)
    if not _is_heading(text.frame.columns):
        raise DataError(
            f"{path.name}: no headings of the dependence form; wanted are at least 客户编号, 被依存客户编号, 识别因素."
        )
    frame = _named(path, text)
    told = frame.select("line", reason=_fault(said)).filter(pl.col("reason").is_not_null())
    faulty = frame.join(told, on="line").select("line", "reason", pl.exclude("line", "reason"))
    good = frame.join(told, on="line", how="anti", maintain_order="left")
    rejected = pl.concat([text.broken, _plain(faulty)], how="diagonal")
    return assemble(str(path), text.rows, {TABLE.name: _rows(good, said)}, source=said.source,
                    recorded_on=said.recorded_on, rejected=rejected, notes=_notes(text))  # fmt: skip


def _field(heading: str) -> str:
    plain = heading.strip("\ufeff \t\xa0\u3000")
    return OWN.get(plain, OWN.get(plain.lower(), field_of(plain, TABLE, {})))


def _is_heading(names: Sequence[str]) -> bool:
    return set(TABLE.key) <= {_field(name) for name in names}


def _named(path: Path, text: CsvText) -> pl.DataFrame:
    """The columns under the dictionary's names and those of OWN, absent ones empty."""
    fields = [_field(name) for name in text.heading]
    twice = [field for field in fields if fields.count(field) > 1]
    if twice:
        both = " and ".join(name for name, field in zip(text.heading, fields, strict=True) if field == twice[0])
        raise DataError(f"{path.name}: {both} both mean {twice[0]}. Remove one. Nothing was loaded.")
    names = {name: _field(name) for name in text.frame.columns if name not in NAMES}
    frame = text.frame.select(*names).rename(names)
    wanted = (*TABLE.columns, "manager", "branch", "status")
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in wanted if name not in frame.columns)


def _fault(said: Said) -> pl.Expr:
    """Why a row can't be taken: a number in place of a text, a code that is none, a status that decides nothing."""
    numbers = [
        pl.when(pl.col(name).str.starts_with(NUMBER_CELL)).then(
            pl.format(
                f"{name} {{}} is a number cell, which loses leading zeros: format the column as text", _bare(name)
            )
        )
        for name in NUMBERS
    ]
    code = pl.when(~_bare("criterion").str.contains(CODE)).then(
        pl.format("criterion '{}' is no code from 1 to 7", _bare("criterion"))
    )
    status = _status()
    strange = pl.when(~status.is_in(HOLDS + OVER)).then(pl.format("status '{}' is neither valid nor ended", status))
    endless = status.is_in(OVER) & pl.col("valid_to").is_null() & pl.lit(said.recorded_on is None)
    undated = pl.when(endless).then(pl.format("status '{}' without an end: add 失效日期, or use --recorded-on", status))
    return pl.coalesce(*numbers, code, strange, undated)


def _bare(name: str) -> pl.Expr:
    return pl.col(name).str.strip_prefix(NUMBER_CELL).str.strip_chars()


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col(pl.String).str.strip_prefix(NUMBER_CELL))


def _status() -> pl.Expr:
    return _bare("status").str.to_lowercase().fill_null("")


def _rows(good: pl.DataFrame, said: Said) -> pl.DataFrame:
    """Rows of `depends_on`; the account manager and the branch stand in the note.

    A row that has ended is open first, and its end known when it came.
    """
    day = pl.lit(said.recorded_on.isoformat() if said.recorded_on else None, dtype=pl.String)
    over = _status().is_in(OVER) & pl.col("valid_to").is_null()
    parts = [pl.col("note"), pl.format("客户经理 {}", "manager"), pl.format("机构 {}", "branch")]
    rows = _plain(good).with_columns(
        criterion=pl.col("criterion").str.strip_chars().str.extract(CODE),
        note=pl.concat_str(parts, separator="; ", ignore_nulls=True),
        valid_to=pl.when(over).then(day).otherwise("valid_to"),
    )
    ended = rows.filter(pl.col("valid_to").is_not_null())
    ended = told_apart(ended.with_columns(recorded_on=pl.coalesce("recorded_on", day, "valid_from")))
    return pl.concat([rows.filter(pl.col("valid_to").is_null()), ended]).select("line", *TABLE.columns)


def _notes(text: CsvText) -> list[str]:
    unused = [name for name in text.frame.columns if name in NAMES]
    said = [f"depends_on: {', '.join(unused)} not kept: the numbers say who is meant"] if unused else []
    return [*text.notes, *said]
