"""A day in the bank: groups assessed and published, a dependence confirmed, a control link rebutted, and its end."""

from pathlib import Path

import polars as pl
import pytest
from relparty.graph.assessment import Assessment, assessed
from relparty.graph.limit_changes import changes
from relparty.graph.questions import asked
from relparty.graph.register import Register
from relparty.graph.results import Run
from relparty.graph.store import Store
from relparty.loaders.intake import take_in

from .rows import day, register, rows

BEFORE, AFTER, LAPSED = day("2024-01-31"), day("2024-02-29"), day("2024-12-31")
BANK = register(
    parties="party_id kind valid_from\nA enterprise 2020-01-01\nB enterprise 2020-01-01\nC enterprise 2020-01-01\n"
    "D enterprise 2020-01-01",
    owns="owner_id enterprise_id share valid_from\nA B .8 2020-01-01",
    supplies="supplier_id buyer_id turnover valid_from\nC A 60 2023-12-31",
    accounts="party_id scope valid_from recorded_on revenue costs equity total_assets\n"
    "C solo 2023-12-31 2024-01-15 100 90 20 50\nA solo 2023-12-31 2024-01-15 900 800 300 900\n"
    "B solo 2023-12-31 2024-01-15 500 450 90 300\nD solo 2023-12-31 2024-01-15 500 450 90 300",
    exposures="facility_id party_id drawn limit valid_from\nF1 A 10 10 2023-01-01\nF2 B 20 20 2023-01-01\n"
    "F3 C 5 5 2023-01-01\nF4 D 1 1 2023-01-01",
    capital="kind amount valid_from\ntier1 100 2023-01-01\nnet 120 2023-01-01",
)
FILES = [
    rows("depends_on", "dependent_id depended_on_id criterion valid_from\nC A 1 2024-02-01"),
    rows(
        "reviews",
        "link from_id to_id decision reason reviewer second_reviewer evidence valid_from valid_to\n"
        "controls A B rebutted ring_fenced Li Wang memo-7 2024-02-01 2024-12-01",
    ),
]


def group_sets(found: Assessment) -> dict[str, set[str]]:
    """By set, the members of every group, joined."""
    by = found.members.group_by("group_set", "group_id").agg(pl.col("party_id").sort())
    sets: dict[str, set[str]] = {"confirmed": set(), "prudent": set()}
    for name, _, ids in by.iter_rows():
        sets[name].add("".join(ids))
    return sets


@pytest.fixture(scope="module")
def reviewed() -> Register:
    return take_in(BANK, FILES).register


def test_a_flagged_dependence_joins_the_prudent_set_until_a_record_confirms_it(reviewed):
    """C sells 60 of its receipts of 100 to A: over half. A owns .8 of B."""
    assert group_sets(assessed(BANK.as_of(BEFORE), "eba")) == {"confirmed": {"AB"}, "prudent": {"ABC"}}
    assert group_sets(assessed(reviewed.as_of(AFTER), "eba")) == {"confirmed": {"AC"}, "prudent": {"AC"}}


def test_a_rebuttal_lapses_on_its_day_and_stays_visible_while_it_stands(reviewed):
    after, lapsed = assessed(reviewed.as_of(AFTER), "eba"), assessed(reviewed.as_of(LAPSED), "eba")

    assert group_sets(lapsed) == {"confirmed": {"ABC"}, "prudent": {"ABC"}}
    assert after.uses["confirmed"].totals.filter(scope="group")["before"].to_list() == [15.0]
    assert lapsed.uses["confirmed"].totals.filter(scope="group")["before"].to_list() == [35.0]


def test_the_change_of_a_limit_is_explained_by_who_joined_and_who_left(reviewed):
    """A, B: 30 of 25 allowed. Then A, C: 15; B's 20 left and C's 5 joined."""
    told = changes(
        assessed(BANK.as_of(BEFORE), "eba").uses["confirmed"], assessed(reviewed.as_of(AFTER), "eba").uses["confirmed"]
    )
    causes = told.causes.filter(scope="group", name="limit").select("cause", "party_id", "effect")

    assert sorted(causes.rows()) == [("joined", "C", 5.0), ("left", "B", -20.0)]


def test_an_assessment_is_published_whole_and_the_next_one_takes_its_place(store: Store, reviewed):
    first, second = BANK.as_of(BEFORE), reviewed.as_of(AFTER)
    store.write(first)
    assert store.publish_groups(Run("assess-1", "assess", BEFORE, "eba"), assessed(first, "eba"))
    over = _ask(store, "groups_over", "set=confirmed")
    assert [(row[0], row[2], row[3]) for row in over] == [("eba:A", 2, 30.0)]
    assert [row[1] for row in _ask(store, "flagged_dependence")] == ["A", "C"]
    assert [row[0] for row in _ask(store, "unreviewed")] == ["B", "A"]

    store.write(second)
    assert store.publish_groups(Run("assess-2", "assess", AFTER, "eba"), assessed(second, "eba"))
    members = _ask(store, "group_members", "group_id=eba:A", "set=confirmed")
    assert [(row[0], row[2]) for row in members] == [("A", "core"), ("C", "joined")]
    assert [row[1] for row in _ask(store, "groups_of", "party_id=C")] == ["eba:A", "eba:A"]
    assert [row[0] for row in _ask(store, "largest_exposures", "limit=2")] == ["B", "A"]
    assert _ask(store, "in_several_groups") == []
    assert store.runs().filter("in_force")["run_id"].to_list() == ["assess-2"]
    assert store.snapshot().equals(second)


def _ask(store: Store, name: str, *given: str) -> list[tuple[object, ...]]:
    text, parameters, _ = asked(name, given)
    return store.ask(text, parameters).rows


def test_an_assessment_keeps_all_its_rows_in_a_folder_of_its_own(tmp_path: Path):
    from relparty.graph.assessment import save_assessment

    found = assessed(BANK.as_of(BEFORE), "eba")
    folder = save_assessment(tmp_path / "runs", Run("assess-1", "assess", BEFORE, "eba"), found)

    assert pl.read_parquet(folder / "members.parquet").equals(found.members)
    assert folder.stat().st_mode & 0o077 == 0


def test_without_capital_there_are_groups_and_no_limits():
    bare = Register({name: frame for name, frame in BANK.tables.items() if name != "capital"})
    found = assessed(bare.as_of(BEFORE), "cn")

    assert found.uses == {}
    assert found.groups["group_size"].to_list() == [2, 3]


def test_a_group_keeps_its_id_while_most_of_its_core_stays():
    """A new parent Z above A: without the last run the group would be named after Z."""
    grown = take_in(
        BANK,
        [
            rows("parties", "party_id kind valid_from\n0 enterprise 2020-01-01"),
            rows("owns", "owner_id enterprise_id share valid_from\n0 A .7 2024-02-01"),
        ],
    ).register
    first = assessed(BANK.as_of(BEFORE), "eba")
    fresh, kept = assessed(grown.as_of(AFTER), "eba"), assessed(grown.as_of(AFTER), "eba", first.members)

    assert fresh.groups["group_id"].unique().to_list() == ["eba:0"]
    assert kept.groups["group_id"].unique().to_list() == ["eba:A"]
