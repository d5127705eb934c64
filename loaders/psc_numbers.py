"""Numbers of companies as people write them into the PSC register, and whether they are British ones."""

import re

# Prefixes that Companies House gives; a number without one is of England and Wales.
PREFIXES = (
    "AC", "BR", "CE", "CS", "FC", "FE", "GE", "GN", "GS", "IC", "IP", "LP", "NA", "NC", "NF", "NI", "NL", "NO", "NP",
    "NR", "NV", "NZ", "OC", "OE", "PC", "RC", "RS", "SA", "SC", "SE", "SF", "SG", "SI", "SL", "SO", "SP", "SR", "SZ",
    "ZC",
)  # fmt: skip
LENGTH = 8
_NUMBER = re.compile(r"([A-Z]{0,2})(\d{1,8})")
_OLD_IRISH = re.compile(r"R(\d{1,7})")

_LANDS = {"england", "wales", "cymru", "scotland", "britain", "kingdom", "uk", "gb"}
_BETWEEN = {"and", "the", "of", "in", "great", "united", "northern", "ireland"}
_UNSAID = {"", "n a", "na", "none", "not applicable", "not specified", "not specified other", "unknown"}
_PREFIXED = {"scotland", "edinburgh", "northern", "belfast"}  # where every number has a prefix


def uk_number(written: str) -> str | None:
    """The number as Companies House writes it: eight characters, zeros after the prefix; None where it is none.

    '301' is 00000301, 'sc303' is SC000303; 'Not applicable', '0' and numbers that are too long are none.
    """
    plain = re.sub(r"[\s\u200b\ufeff]+", "", written).upper()
    if old := _OLD_IRISH.fullmatch(plain):
        return f"R{old.group(1):0>{LENGTH - 1}}"
    match = _NUMBER.fullmatch(plain)
    if not match or not int(match.group(2)):
        return None
    prefix, digits = match.groups()
    known = (not prefix or prefix in PREFIXES) and len(prefix) + len(digits) <= LENGTH
    return f"{prefix}{digits:0>{LENGTH - len(prefix)}}" if known else None


def is_british(country: str | None, place: str | None) -> bool:
    """Whether a company says that it is registered in the United Kingdom; where it names no country, its register.

    The Republic of Ireland is another country.
    """
    said = _words(country)
    if " ".join(said) in _UNSAID:
        return "companies house" in " ".join(_words(place))
    named = set(said)
    return named <= _LANDS | _BETWEEN and (bool(named & _LANDS) or {"northern", "ireland"} <= named)


def owner_number(written: str | None, country: str | None, place: str | None) -> str | None:
    """The Companies House number of a corporate owner, or None where it has none that is sure.

    A bare number of a company said to be Scottish or Northern Irish is none: those have a prefix, and nobody can tell
    whether it was left out.
    """
    number = uk_number(written) if written and is_british(country, place) else None
    if number is None or not number.isdigit():
        return number
    said = {*_words(country), *_words(place)}
    whole = said & {"england", "wales"} or {"britain", "northern"} <= said  # all of the kingdom, not its north alone
    return None if said & _PREFIXED and not whole else number


def _words(text: str | None) -> list[str]:
    return re.sub(r"[.'’()]", "", re.sub(r"[,&;/-]", " ", (text or "").casefold())).split()
