"""Check digits of the identifiers that name one party: USCC and LEI."""

import polars as pl

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
USCC_LENGTH, LEI_LENGTH = 18, 20


def uscc_check(body: str) -> str | None:
    """The check character that the first 17 characters of a unified social credit code ask for.

    Source: GB 32100-2015: weights 3^i mod 31, check value 31 − sum mod 31, 31 written as 0.
    """
    if len(body) != USCC_LENGTH - 1 or any(char not in USCC_ALPHABET for char in body):
        return None
    total = sum(USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(body))
    return USCC_ALPHABET[(31 - total % 31) % 31]


def lei_check(body: str) -> str | None:
    """The two check digits, 02 to 98, that the first 18 characters of a legal entity identifier ask for.

    Source: ISO 17442 with ISO 7064 MOD 97-10.
    """
    if len(body) != LEI_LENGTH - 2 or not (body.isascii() and body.isalnum() and body.upper() == body):
        return None
    return f"{98 - int(''.join(str(int(char, 36)) for char in body) + '00') % 97:02d}"


def expected_end(scheme: str, value: str) -> str | None:
    """The last characters that a uscc or lei should have, or None where its length or alphabet is already wrong."""
    if scheme == "uscc" and len(value) == USCC_LENGTH:
        return uscc_check(value[:-1])
    if scheme == "lei" and len(value) == LEI_LENGTH:
        return lei_check(value[:-2])
    return None


def bad(identifiers: pl.DataFrame) -> pl.Series:
    """Whether each row's `value` breaks the check digits of its `scheme`; other schemes have none."""
    uscc = (pl.col("scheme") == "uscc") & ~_uscc_good(pl.col("value"))
    lei = (pl.col("scheme") == "lei") & ~_lei_good(pl.col("value"))
    return identifiers.select((uscc | lei).fill_null(value=False).alias("bad")).get_column("bad")


def _uscc_good(value: pl.Expr) -> pl.Expr:
    digits = [_number(value.str.slice(place, 1), USCC_ALPHABET) for place in range(USCC_LENGTH)]
    total = pl.sum_horizontal(*(digit * pow(3, place, 31) for place, digit in enumerate(digits[:-1])))
    well = value.str.contains(f"^[{USCC_ALPHABET}]{{18}}$")
    return well & ((31 - total % 31) % 31 == digits[-1])


def _lei_good(value: pl.Expr) -> pl.Expr:
    remainder: pl.Expr = pl.lit(0, dtype=pl.Int64)
    for place in range(LEI_LENGTH):  # letters are two digits, so the running number moves by one or two places
        digit = _number(value.str.slice(place, 1), "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
        remainder = (remainder * pl.when(digit > 9).then(100).otherwise(10) + digit) % 97
    ending = value.str.slice(LEI_LENGTH - 2, 2).cast(pl.Int64, strict=False)
    return value.str.contains("^[0-9A-Z]{18}[0-9]{2}$") & (remainder == 1) & ending.is_between(2, 98)


def _number(char: pl.Expr, alphabet: str) -> pl.Expr:
    return char.replace_strict(
        {letter: place for place, letter in enumerate(alphabet)}, default=0, return_dtype=pl.Int64
    )
