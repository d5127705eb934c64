"""CSV and Parquet files against the dictionary."""

from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph.errors import DataError, UsageError
from relparty.loaders.cells import UNSEEN
from relparty.loaders.csv_lines import read_lines
from relparty.loaders.folder import files_of, read_folder, write_template
from relparty.loaders.table import Said, read, read_maps

OWNS = "owner_id,enterprise_id,share,valid_from\n"


def written(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def reasons(reading) -> dict[int, str]:
    return dict(reading.rejected.select("line", "reason").rows())


@pytest.mark.parametrize(
    ("share", "reason"),
    [
        ("60", "share '60' is above 1"),
        ("-0.1", "share '-0.1' is below 0"),
        ("60%", "share '60%' is no number"),
        ("nan", "share 'nan' is no number"),
        ("1e400", "share '1e400' is not finite"),
        ('"0,6"', "share '0,6' is no number"),
    ],
)
def test_a_share_that_is_none_waits_in_quarantine_with_its_reason(tmp_path, share, reason):
    reading = read(written(tmp_path, "owns.csv", f"{OWNS}A,B,{share},2020-01-01\n"))

    assert reasons(reading)[2].startswith(reason)
    assert reading.rows == 1


@pytest.mark.parametrize("when", ["2020-02-30", "0000-00-00", "2020", "01/02/2020", "2020-1-1", "2020-01-01 99:99 no"])
def test_a_day_that_is_none_waits_in_quarantine(tmp_path, when):
    assert "valid_from" in reasons(read(written(tmp_path, "owns.csv", f"{OWNS}A,B,.5,{when}\n")))[2]


def test_of_a_clock_time_the_day_as_written_is_kept(tmp_path):
    reading = read(written(tmp_path, "owns.csv", f"{OWNS}A,B,.5,2019-03-15T23:30:00-05:00\n"))

    assert str(reading.tables["owns"]["valid_from"][0]) == "2019-03-15"


def test_an_empty_cell_is_missing_and_a_zero_is_zero(tmp_path):
    reading = read(written(tmp_path, "owns.csv", f"{OWNS}A,B,,2020-01-01\nA,C,0,2020-01-01\n"))

    assert reading.tables["owns"]["share"].to_list() == [None, 0.0]


def test_characters_that_nobody_sees_are_named_by_their_code(tmp_path):
    reading = read(
        written(tmp_path, "owns.csv", f"{OWNS}A\u200bB,B,.5,2020-01-01\n\u00a0A,B,.5,2020-01-01\nＡ,B,.5,2020-01-01\n")
    )

    assert reasons(reading) == {2: "owner_id holds the character U+200B", 4: "owner_id holds the character U+FF21"}
    assert reading.notes[0] == "owns: blanks around owner_id trimmed in 1 rows"


def test_a_record_is_reported_under_the_physical_line_on_which_it_starts(tmp_path):
    text = 'party_id,kind,name\nA,enterprise,"two\nlines"\n\nB,planet,"a ""b"", c"\nC,enterprise\nD,enterprise,d'
    reading = read(written(tmp_path, "parties.csv", text))

    assert set(reasons(reading)) == {5, 6}
    assert reading.tables["parties"].select("name", "line").rows() == [("two\nlines", 2), ("d", 7)]
    assert reading.rows == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty"),
        ("owner_id,share\nA,.5\n", "no column enterprise_id"),
        ("owner_id,enterprise_id,share,持股比例\nA,B,.5,.6\n", r"heading share stands in columns 3 .* and 4"),
        ('owner_id,enterprise_id\nA,"B\n', "never closed"),
        ('owner_id,enterprise_id\nA,5" pipe\nB,6" pipe\n', "line 2: a quote inside a field"),
        ("owner_id;enterprise_id\nA;B\n", "separated by"),
        (b"\xff\xfeo\x00w\x00", "UTF-16"),
        (b"owner_id,enterprise_id\n\xff\xff\xff,B\n", "neither UTF-8 nor GB18030"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole(tmp_path, text, told):
    with pytest.raises(DataError, match=told):
        read(written(tmp_path, "owns.csv", text))


def test_ids_that_parquet_holds_as_numbers_are_refused(tmp_path):
    pl.DataFrame({"owner_id": [7], "enterprise_id": ["B"]}).write_parquet(tmp_path / "owns.parquet")

    with pytest.raises(DataError, match="ids are text"):
        read(tmp_path / "owns.parquet")


def test_a_list_where_text_belongs_is_refused(tmp_path):
    pl.DataFrame({"party_id": ["A"], "name": [["x"]]}).write_parquet(tmp_path / "parties.parquet")

    with pytest.raises(DataError, match="name is a column of List"):
        read(tmp_path / "parties.parquet")


def test_chinese_headings_in_gb18030_are_read_and_the_encoding_is_named(tmp_path):
    text = "股东编号,企业编号,持股比例,起始日期\n甲,乙,0.5,2020-01-01\n"
    reading = read(written(tmp_path, "owns.csv", text.encode("gb18030")))

    assert reading.tables["owns"].select("owner_id", "enterprise_id", "share").rows() == [("甲", "乙", 0.5)]
    assert "encoding gb18030" in reading.notes


def test_a_map_declares_headings_separator_number_format_and_percents(tmp_path):
    maps = written(
        tmp_path, "map.toml",
        '[owns]\nfiles = ["anteile.csv"]\nseparator = ";"\ndecimal = ","\ngrouping = "."\npercent = ["share"]\n'
        '[owns.columns]\nHalter = "owner_id"\nFirma = "enterprise_id"\nAnteil = "share"\nKredit = "support"\n',
    )  # fmt: skip
    text = "Halter;Firma;Anteil;Kredit;valid_from\nA;B;12,5;1.355,90;2020-01-01\nA;C;50;1.5;2020-01-01\n"
    reading = read(written(tmp_path, "anteile.csv", text), Said(maps=read_maps(maps)))

    assert reading.tables["owns"].select("share", "support").rows() == [(0.125, 1355.9)]
    assert reasons(reading) == {3: "support '1.5' does not fit the declared number format"}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[own]\n", "no table"),
        ("[owns]\ncolour = 1\n", "no setting"),
        ('[owns.columns]\nA = "b"\n', "no field"),
        ("[", "map"),
    ],
)
def test_a_map_with_an_unknown_word_is_refused(tmp_path, text, told):
    with pytest.raises(UsageError, match=told):
        read_maps(written(tmp_path, "map.toml", text))


def test_the_template_can_be_loaded_as_it_is_and_is_never_written_over(tmp_path):
    write_template(tmp_path / "bank")

    assert all(reading.rows == 0 for reading in read_folder(tmp_path / "bank"))
    with pytest.raises(UsageError, match="exists"):
        write_template(tmp_path / "bank")


def test_folders_in_a_folder_are_not_read(tmp_path):
    (tmp_path / "old").mkdir()
    written(tmp_path, "owns.csv", OWNS)
    written(tmp_path / "old", "parties.csv", "party_id\n")

    assert [path.name for path in files_of(tmp_path, Said())] == ["owns.csv"]


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00\r"), max_size=6)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(FIELD, FIELD), max_size=8))
def test_every_record_of_a_quoted_file_comes_back_with_its_line(records):
    """Written by Python's csv module, an outside reader of line numbers too."""
    import csv
    import io
    import tempfile

    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    starts = []
    writer.writerow(["a", "b"])
    for record in records:
        starts.append(text.getvalue().count("\n") + 1)
        writer.writerow(record)
    with tempfile.TemporaryDirectory() as folder:
        lines = read_lines(written(Path(folder), "x.csv", text.getvalue()))

    assert lines.numbers.tolist() == starts
    assert lines.broken == []
    assert pl.read_csv(lines.text, infer_schema=False).height == len(records)


def test_the_set_of_unseen_characters_spares_ordinary_blanks_and_chinese():
    shown = pl.Series(["a b", "甲乙", "é", "a\u3000b", "a\tb", "a\u2028b"]).str.contains(UNSEEN)

    assert shown.to_list() == [False, False, False, True, True, True]
