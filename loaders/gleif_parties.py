"""GLEIF Level 1: one row for each legal entity identifier."""

import polars as pl

from .endings import told_apart

_REGISTERED, _UPDATED = "Registration.InitialRegistrationDate", "Registration.LastUpdateDate"
_STANDING, _STATUS = "Registration.RegistrationStatus", "Entity.EntityStatus"
_ENDED, _SUCCESSOR = "Entity.EntityExpirationDate", "Entity.SuccessorEntity.SuccessorLEI"
_CATEGORY, _JURISDICTION, _COUNTRY = "Entity.EntityCategory", "Entity.LegalJurisdiction", "Entity.LegalAddress.Country"
_REGION = "Entity.LegalAddress.Region"
_FORM, _OTHER_FORM = "Entity.LegalForm.EntityLegalFormCode", "Entity.LegalForm.OtherLegalForm"
_AUTHORITY = "Entity.RegistrationAuthority.RegistrationAuthorityID"
_NUMBER = "Entity.RegistrationAuthority.RegistrationAuthorityEntityID"
_FOUNDED = "Entity.EntityCreationDate"
NEEDED = ("LEI", "Entity.LegalName", _STATUS, _REGISTERED, _UPDATED, _STANDING)
WANTED = (_ENDED, _SUCCESSOR, _CATEGORY, _JURISDICTION, _COUNTRY, _REGION, _FORM, _OTHER_FORM, _AUTHORITY, _NUMBER,
          _FOUNDED)  # fmt: skip

# A fund lends and borrows through those who manage it and has no default of its own to predict: no enterprise.
KINDS = {
    "GENERAL": "enterprise",
    "BRANCH": "enterprise",
    "SOLE_PROPRIETOR": "enterprise",
    "FUND": "arrangement",
    "RESIDENT_GOVERNMENT_ENTITY": "public_body",
    "INTERNATIONAL_ORGANIZATION": "public_body",
}
COMPANIES_HOUSE = ("RA000585", "RA000586", "RA000587")  # its numbers are those that GB-COH names
NO_AUTHORITY = ("RA888888", "RA999999")
NO_FORM = ("8888", "9999")  # no code yet, none at all
USCC = "^[0-9A-HJ-NPQRTUWXY]{18}$"

Tables = tuple[dict[str, pl.DataFrame], pl.DataFrame, list[str]]


def rows_of(frame: pl.DataFrame) -> Tables:
    """Parties, identifiers and reviews of a Level 1 file, the rows rejected, and what was counted.

    A lapsed registration is a party like any other. An inactive party ends on its expiration day, else on the day of
    its last update; an annulled record is retracted; a duplicate is its successor under another number.
    """
    duplicate, annulled = (pl.col(_STANDING).eq_missing(pl.lit(said)) for said in ("DUPLICATE", "ANNULLED"))
    inactive = pl.col(_STATUS).eq_missing(pl.lit("INACTIVE")) & ~duplicate & ~annulled
    rows = frame.with_columns(
        party_id="lei:" + pl.col("LEI"),
        source_ref="LEI",
        recorded_on=_REGISTERED,
        valid_to=pl.when(inactive).then(pl.coalesce(_ENDED, _UPDATED)),
        annulled=annulled,
    )
    counted = {
        "inactive without a day of expiration, ended on their last update": inactive & pl.col(_ENDED).is_null(),
        "annulled, retracted as of their last update": annulled,
        "duplicates of their successor": duplicate,
    }
    numbers = {what: frame.filter(which).height for what, which in counted.items()}
    said = [f"parties: {number} {what}" for what, number in numbers.items() if number]
    tables = {"parties": _versions(_parties(rows)), "identifiers": _versions(_identifiers(rows)),
              "reviews": _same(rows.filter(duplicate & pl.col(_SUCCESSOR).is_not_null()))}  # fmt: skip
    return (
        {name: table for name, table in tables.items() if table.height},
        frame.clear().select("line", reason=pl.lit("")),
        said,
    )


def _parties(rows: pl.DataFrame) -> pl.DataFrame:
    category = pl.col(_CATEGORY).fill_null("GENERAL")
    form = pl.when(~pl.col(_FORM).is_in(NO_FORM)).then(_FORM)
    return rows.select(
        *_COMMON,
        "valid_to",
        kind=category.replace_strict(KINDS, default=category, return_dtype=pl.String),
        name="Entity.LegalName",
        country=pl.coalesce(pl.col(_JURISDICTION).str.slice(0, 2), _COUNTRY),
        region=_REGION,
        legal_form=pl.coalesce(form, _OTHER_FORM, _FORM),
        founded_on=_FOUNDED,
    )


_COMMON = ("line", "party_id", "source_ref", "recorded_on", "annulled", _UPDATED)


def _identifiers(rows: pl.DataFrame) -> pl.DataFrame:
    """The LEI, and the number in the national register where GLEIF names that register."""
    chinese = (pl.col(_JURISDICTION).str.slice(0, 2) == "CN") & pl.col(_NUMBER).str.contains(USCC)
    scheme = (
        pl.when(pl.col(_AUTHORITY).is_in(COMPANIES_HOUSE)).then(pl.lit("GB-COH"))
        .when(chinese).then(pl.lit("uscc")).otherwise(_AUTHORITY)
    )  # fmt: skip
    own = rows.select(*_COMMON, scheme=pl.lit("lei"), value="LEI")
    named = rows.filter(pl.col(_NUMBER).is_not_null() & ~pl.col(_AUTHORITY).is_in(NO_AUTHORITY))
    return pl.concat([own, named.select(*_COMMON, scheme=scheme, value=_NUMBER)]).with_columns(
        valid_to=pl.lit(None, dtype=pl.String)
    )


def _same(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(
        "line",
        "source_ref",
        link=pl.lit("same_as"),
        from_id="party_id",
        to_id="lei:" + pl.col(_SUCCESSOR),
        decision=pl.lit("confirmed"),
        reason=pl.lit("duplicate"),
        recorded_on=_UPDATED,
    )


def _versions(rows: pl.DataFrame) -> pl.DataFrame:
    """Open and closed versions; an annulled record never was so, as known from its last update."""
    never = rows.filter("annulled").with_columns(recorded_on=_UPDATED, retracted=pl.lit("true"))
    return pl.concat([told_apart(rows), never], how="diagonal").drop("annulled", _UPDATED)
