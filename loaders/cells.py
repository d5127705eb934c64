"""One cell against the dictionary: the value that it holds, or why it holds none."""

import polars as pl

from ..graph.errors import DataError
from ..graph.fields import FIELDS, Field, Kind
from ..graph.schema import MAX_ID_BYTES, OPEN_END, Table

# Blanks that people and programs leave around keys, a stray byte order mark among them.
BLANKS = " \t\r\n\x0b\x0c\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"  # noqa: E501 (one set of characters)
UNSEEN = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}[\p{Zs}--[ ]]\x{FF01}-\x{FF5E}\x{FFE0}-\x{FFE6}]"
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
DECIMAL_COMMA = r"^[+-]?\d{1,3}([. '\x{A0}\x{202F}]?\d{3})*,\d{1,2}$|^[+-]?\d{1,3}([.\x{A0}\x{202F}]\d{3})+,\d+$"
GROUPED = r"^[+-]?\d{1,3}(\.\d{3})+$"  # 1.000: one, or a thousand where the decimal mark is a comma
DAY = r"^(\d{4}-\d{2}-\d{2})(?:[T ]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?)?$"
TRUE, FALSE = ("true", "1", "yes", "y", "是"), ("false", "0", "no", "n", "否")

Cell = tuple[pl.Expr, pl.Expr]  # the value, and the reason why there is none (null where all is well)


def cell(table: Table, spec: Field, raw: pl.DataFrame) -> Cell:
    """The expressions that read one column of `raw`; both run over its rows.

    Raises:
        DataError: a column of a Parquet file has a type that can't hold the field, such as ids as numbers.
    """
    name, default = spec.name, table.defaults.get(spec.name)
    if name not in raw.columns:
        value: pl.Expr = pl.lit(default, dtype=spec.dtype)
        fault: pl.Expr = pl.lit(None, dtype=pl.String)
    else:
        value, fault = _READERS[spec.kind](spec, raw)
        value = value if default is None else value.fill_null(pl.lit(default, dtype=spec.dtype))
        fault = pl.coalesce(fault, _choice_fault(table, spec, value), _range_fault(spec, value))
    if (name in table.key or name in table.required) and default is None and name not in _MADE.get(table.name, ()):
        fault = pl.coalesce(fault, pl.when(value.is_null()).then(pl.lit(f"{name} is empty")))
    return value, fault


_MADE = {"events": ("event_id",)}  # keys that are made where a row has none


def trimmed(column: str) -> pl.Expr:
    """A text column without the blanks around it; what is blank altogether is missing."""
    inner = pl.col(column).str.strip_chars(BLANKS)
    return pl.when(inner != "").then(inner)


def mixed_format(spec: Field, raw: pl.DataFrame) -> list[int]:
    """The lines on which a number column shows a decimal comma, so that 1.000 may mean a thousand."""
    if spec.kind not in (Kind.MONEY, Kind.NUMBER) or raw.schema.get(spec.name) != pl.String:
        return []
    return raw.filter(pl.col(spec.name).str.contains(DECIMAL_COMMA)).get_column("line").to_list()


def _reason(spec: Field, rule: str) -> pl.Expr:
    shown = pl.col(spec.name).cast(pl.String).str.slice(0, 60)
    return pl.format(f"{spec.name} '{{}}' {rule}", shown)


def _id(spec: Field, raw: pl.DataFrame) -> Cell:
    if raw.schema[spec.name] not in (pl.String, pl.Null):
        raise DataError(f"{spec.name} is a column of {raw.schema[spec.name]}; ids are text ('007' and '7' are two).")
    value = trimmed(spec.name) if raw.schema[spec.name] == pl.String else pl.lit(None, dtype=pl.String)
    hidden = pl.format(f"{spec.name} holds the character {{}}", value.str.extract(f"({UNSEEN})"))
    fault = (
        pl.when(value.str.len_bytes() > MAX_ID_BYTES)
        .then(pl.format(f"{spec.name} is a key too long: {{}} bytes, over {MAX_ID_BYTES}", value.str.len_bytes()))
        .when(value.str.contains(UNSEEN))
        .then(hidden)
    )
    return value, fault


def _text(spec: Field, raw: pl.DataFrame) -> Cell:
    _plain_type(spec, raw)
    text = pl.col(spec.name).cast(pl.String)
    value = pl.when(text != "").then(text)
    return value, pl.when(value.str.contains("\x00", literal=True)).then(
        pl.lit(f"{spec.name} holds the character U+0000")
    )


def _plain_type(spec: Field, raw: pl.DataFrame) -> None:
    held = raw.schema[spec.name]
    if held.is_nested() or held in (pl.Binary, pl.Object):
        raise DataError(f"{spec.name} is a column of {held}; it holds text.")


def _number(spec: Field, raw: pl.DataFrame) -> Cell:
    held = raw.schema[spec.name]
    if held.is_numeric():
        value = pl.col(spec.name).cast(pl.Float64)
        return value, pl.when(~value.is_finite()).then(_reason(spec, "is not finite"))
    if held not in (pl.String, pl.Null):
        raise DataError(f"{spec.name} is a column of {held}; it holds numbers.")
    text = trimmed(spec.name) if held == pl.String else pl.lit(None, dtype=pl.String)
    value = pl.when(text.str.contains(NUMBER)).then(text).cast(pl.Float64, strict=False)
    lines = mixed_format(spec, raw)
    doubt = f"may be a thousand times as much: lines {', '.join(map(str, lines[:3]))} show a decimal comma"
    fault = (
        pl.when(text.is_not_null() & value.is_null())
        .then(_reason(spec, "is no number (decimal point, no grouping)"))
        .when(~value.is_finite())
        .then(_reason(spec, "is not finite"))
        .when(pl.lit(bool(lines)) & text.str.contains(GROUPED))
        .then(_reason(spec, doubt))
    )
    return value, fault


def _count(spec: Field, raw: pl.DataFrame) -> Cell:
    number, fault = _number(spec, raw)
    whole = pl.when(number == number.round(0)).then(number).cast(pl.Int64, strict=False)
    return whole, pl.coalesce(
        fault, pl.when(number.is_not_null() & whole.is_null()).then(_reason(spec, "is no whole number"))
    )


def _day(spec: Field, raw: pl.DataFrame) -> Cell:
    held = raw.schema[spec.name]
    if held == pl.Date or isinstance(held, pl.Datetime):
        value = pl.col(spec.name).cast(pl.Date) if held == pl.Date else pl.col(spec.name).dt.date()
        return _open_end(spec, value), pl.lit(None, dtype=pl.String)
    if held not in (pl.String, pl.Null):
        raise DataError(f"{spec.name} is a column of {held}; it holds dates, YYYY-MM-DD.")
    text = trimmed(spec.name) if held == pl.String else pl.lit(None, dtype=pl.String)
    value = text.str.extract(DAY).str.to_date("%Y-%m-%d", strict=False)
    value = pl.when(value.dt.year() > 0).then(value)
    fault = pl.when(text.is_not_null() & value.is_null()).then(_reason(spec, "is no date YYYY-MM-DD"))
    return _open_end(spec, value), fault


def _open_end(spec: Field, value: pl.Expr) -> pl.Expr:
    return value if spec.name != "valid_to" else pl.when(~is_open_end(value)).then(value)


def is_open_end(day: pl.Expr) -> pl.Expr:
    """Whether a day only says that there is no end."""
    return (day.dt.year() == 9999) | day.is_in([pl.Series([end]).str.to_date()[0] for end in OPEN_END])


def _flag(spec: Field, raw: pl.DataFrame) -> Cell:
    if raw.schema[spec.name] == pl.Boolean:
        return pl.col(spec.name), pl.lit(None, dtype=pl.String)
    _plain_type(spec, raw)
    text = pl.col(spec.name).cast(pl.String).str.strip_chars(BLANKS).str.to_lowercase()
    value = pl.when(text.is_in(TRUE)).then(pl.lit(value=True)).when(text.is_in(FALSE)).then(pl.lit(value=False))
    return value, pl.when((text != "") & value.is_null()).then(_reason(spec, "is neither true nor false"))


def _choice_fault(table: Table, spec: Field, value: pl.Expr) -> pl.Expr:
    choices = table.choices.get(spec.name)
    if not choices:
        return pl.lit(None, dtype=pl.String)
    return pl.when(~value.is_in(choices)).then(_reason(spec, f"is none of {', '.join(choices)}"))


def _range_fault(spec: Field, value: pl.Expr) -> pl.Expr:
    if spec.kind not in (Kind.MONEY, Kind.NUMBER, Kind.FRACTION, Kind.COUNT):
        return pl.lit(None, dtype=pl.String)
    low = pl.when(value < spec.low).then(_reason(spec, f"is below {spec.low:g}"))
    return pl.coalesce(low, pl.when(value > spec.high).then(_reason(spec, f"is above {spec.high:g}")))


_READERS = {
    Kind.ID: _id, Kind.TEXT: _text, Kind.DAY: _day, Kind.MONEY: _number, Kind.NUMBER: _number,
    Kind.FRACTION: _number, Kind.COUNT: _count, Kind.FLAG: _flag,
}  # fmt: skip


def reading_order(table: Table) -> list[Field]:
    """The fields of a table's file, in the dictionary's order."""
    return [FIELDS[name] for name in table.columns]
