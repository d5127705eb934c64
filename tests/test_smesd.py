"""SMEsD: real small firms, undated links, and dates that would give the label away."""

import os
from datetime import date
from pathlib import Path

import pytest
from relparty.graph.errors import DataError
from relparty.graph.register import Register
from relparty.loaders import smesd
from relparty.loaders.intake import Intake, take_in

from .bods_lines import links, reasons, seen

DATA = Path(os.environ.get("RELPARTY_SMESD", Path(__file__).parents[2] / "shared" / "data" / "smesd"))
END = "2021-12-31"
COMPANIES = """split,company,registered_capital,paid_capital,age_months,branch,bankrupt
train,C1,100,100,24,0,0
train,C2,100,100,24,1,1
valid,C1,100,100,24,0,0
test,C3,100,100,24,0,
"""


def load(folder: Path, **files: str) -> Intake:
    """Writes the files and loads them all; companies.csv as above where it isn't given."""
    written = {"companies": COMPANIES} | files
    for name, text in written.items():
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return take_in(Register.empty(), [smesd.read(folder / f"{name}.csv") for name in written])


def counts(intake: Intake, name: str) -> tuple[int, int, int]:
    """What became of the rows of one file: kept, repeated, quarantined."""
    (told,) = [each for each in intake.counts if Path(each.file).stem == name]
    return told.kept, told.repeated, told.quarantined


def test_a_company_in_two_splits_is_one_party(tmp_path: Path) -> None:
    intake = load(tmp_path)

    assert counts(intake, "companies") == (3, 1, 0)
    assert seen(intake, END).parties.select("party_id", "kind", "legal_form").rows() == [
        ("smesd:C1", "enterprise", None), ("smesd:C2", "enterprise", "branch"), ("smesd:C3", "enterprise", None),
    ]  # fmt: skip


def test_a_bankruptcy_whose_day_is_not_published_is_known_by_the_end_of_observation(tmp_path: Path) -> None:
    events = load(tmp_path).register.table("events")

    assert events.select("party_id", "kind", "valid_from", "recorded_on").rows() == [
        ("smesd:C2", "bankruptcy", date(2021, 12, 31), date(2021, 12, 31))
    ]
    assert events["note"].to_list() == ["by the end of observation; the day is not published"]


def test_suits_are_dated_only_where_months_count_back_from_a_known_day(tmp_path: Path) -> None:
    """14 months before December 2021 is October 2020; of C2 and C3 nobody knows before what."""
    suits = "split,company,cause,court,result,months_before_observation\n"
    suits += "train,C1,0,0,3,14\ntrain,C2,0,0,3,14\ntest,C3,0,0,3,14\n"
    intake = load(tmp_path, lawsuits=suits)

    (suit,) = intake.register.table("events").filter(kind="lawsuit").rows(named=True)
    assert (suit["party_id"], suit["valid_from"], suit["recorded_on"]) == (
        "smesd:C1",
        date(2020, 10, 31),
        date(2020, 10, 31),
    )
    assert suit["note"] == "loan; grassroots; defendant failed"
    said = "months_before_observation '14' counts back from a day that is not published: bankrupt is "
    assert reasons(intake) == {3: said + "1", 4: said + "withheld"}


def test_suits_of_one_month_are_several_and_those_of_two_splits_the_same(tmp_path: Path) -> None:
    suits = "split,company,cause,court,result,months_before_observation\n"
    suits += "train,C1,0,0,3,14\ntrain,C1,0,0,3,14\nvalid,C1,0,0,3,14\n"
    intake = load(tmp_path, lawsuits=suits)

    assert counts(intake, "lawsuits") == (2, 1, 0)


def test_both_directions_of_a_link_are_one_link(tmp_path: Path) -> None:
    rows = "split,source,target,type,weight\n"
    rows += "train,P1,C1,invest_CP,50\ntrain,C1,P1,invested_CP,50\ntrain,P1,C1,stakeholder,1\n"
    rows += "train,P1,C1,execute,1\ntrain,C1,P1,executed,1\n"
    intake = load(tmp_path, links=rows)

    assert counts(intake, "links") == (2, 3, 0)
    (stake,) = links(seen(intake, END)).rows(named=True)
    assert (stake["a"], stake["b"], stake["share"], stake["share_low"]) == ("smesd:P1", "smesd:C1", None, None)
    assert links(seen(intake, END), "holds_role")["role"].to_list() == ["executive"]
    assert dict(seen(intake, END).parties.select("party_id", "kind").rows())["smesd:P1"] == "person"


def test_several_loans_of_one_pair_stay_several(tmp_path: Path) -> None:
    """Two loans, each written in both directions: two contracts, not four and not one."""
    rows = "split,source,target,type,weight\n"
    rows += "train,C1,C2,loan,1\n" * 2 + "train,C2,C1,loaned,1\n" * 2
    intake = load(tmp_path, links=rows)

    assert counts(intake, "links") == (2, 2, 0)
    assert links(seen(intake, END), "lends_to").select("a", "b", "contract_id").rows() == [
        ("smesd:C1", "smesd:C2", "loan 1"), ("smesd:C1", "smesd:C2", "loan 2"),
    ]  # fmt: skip


def test_undated_links_are_known_from_the_end_of_observation(tmp_path: Path) -> None:
    intake = load(tmp_path, links="split,source,target,type,weight\ntrain,C1,C2,branch,1\n")

    assert [links(seen(intake, day), "controls").height for day in ("2021-12-30", END)] == [0, 1]


def test_a_link_of_another_type_or_between_other_ends_waits_in_quarantine(tmp_path: Path) -> None:
    rows = "split,source,target,type,weight\ntrain,C1,C2,friend,1\ntrain,C1,C2,execute,1\ntrain,P1,C2,execute,1\n"
    intake = load(tmp_path, links=rows)

    assert reasons(intake) == {
        2: "type 'friend' is none that SMEsD has",
        3: "type 'execute' from 'C1' to 'C2': the ends are of another kind",
    }


def test_area_and_industry_belong_to_the_company_s_own_row(tmp_path: Path) -> None:
    """So the rows of memberships repeat those of companies; a shared person is a tie of its own."""
    rows = "split,kind,key,company\ntrain,area,Hangzhou,C1\ntrain,industry,retail,C1\ntrain,industry,leasing,C1\n"
    rows += "train,area,nan,C2\ntrain,qualify,Q7,C1\ntrain,qualify,Q7,C2\ntrain,area,Hangzhou,C9\n"
    intake = load(tmp_path, memberships=rows)

    assert counts(intake, "memberships") == (2, 4, 1)
    assert reasons(intake) == {8: "company 'C9' stands in no row of companies.csv"}
    told = seen(intake, END).parties.select("party_id", "region", "industry").head(2).rows()
    assert told == [("smesd:C1", "Hangzhou", "leasing; retail"), ("smesd:C2", None, None)]
    assert links(seen(intake, END), "related_to").select("a", "b").rows() == [
        ("smesd:C1", "smesd:Q7"), ("smesd:C2", "smesd:Q7"),
    ]  # fmt: skip


def test_loading_twice_equals_once(tmp_path: Path) -> None:
    once = load(tmp_path, links="split,source,target,type,weight\n" + "train,C1,C2,deal,1\n" * 2)
    twice = take_in(once.register, [smesd.read(tmp_path / f"{name}.csv") for name in ("companies", "links")])

    assert twice.register.equals(once.register)
    assert [each.repeated for each in twice.counts] == [4, 2]


def test_a_file_that_smesd_doesn_t_have_is_refused(tmp_path: Path) -> None:
    (tmp_path / "firms.csv").write_text("a\n1\n", encoding="utf-8")
    (tmp_path / "links.csv").write_text("source,target\n1,2\n", encoding="utf-8")
    (tmp_path / "lawsuits.csv").write_text(
        "split,company,cause,court,result,months_before_observation\ntrain,C1,0,0,3,14\n", encoding="utf-8"
    )

    with pytest.raises(DataError, match="no file of SMEsD"):
        smesd.read(tmp_path / "firms.csv")
    with pytest.raises(DataError, match="no column split"):
        smesd.read(tmp_path / "links.csv")
    with pytest.raises(DataError, match=r"companies\.csv must stand beside it"):
        smesd.read(tmp_path / "lawsuits.csv")


@pytest.mark.skipif(not DATA.is_dir(), reason=f"no SMEsD at {DATA}")
def test_the_real_files_are_counted_to_the_last_row() -> None:
    """3,155 + 3,657 + 955 pairs of shareholders and investors, of which 3,118 are one stake said twice: 4,649."""
    intake = take_in(Register.empty(), [smesd.read(DATA / f"{name}.csv") for name in smesd.READERS])

    assert {Path(each.file).stem: each.rows for each in intake.counts} == {
        "companies": 4028, "lawsuits": 15366, "links": 26686, "memberships": 12589,
    }  # fmt: skip
    assert counts(intake, "lawsuits")[2] == 9570
    snapshot = seen(intake, END)
    assert (snapshot.enterprises, dict(snapshot.parties["kind"].value_counts().rows())["person"]) == (3976, 2402)
    heights = {name: snapshot.table(name).height for name in ("owns", "holds_role", "controls", "lends_to", "supplies")}
    assert heights == {"owns": 4649, "holds_role": 4752, "controls": 378, "lends_to": 150, "supplies": 17}
