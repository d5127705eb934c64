"""Groups of connected clients: the interplay of control and dependence, evidence, reviews, and what stays visible."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from relparty.graph import groups
from relparty.graph.control import controlled, ultimate_controllers
from relparty.graph.dependence import flags
from relparty.graph.errors import UsageError
from relparty.graph.explain import membership
from relparty.graph.register import Register
from relparty.graph.reviews import reviews
from relparty.graph.rings import rings
from relparty.graph.snapshot import Snapshot
from relparty.graph.stakes import matrix, stakes
from relparty.loaders import bods
from relparty.loaders.intake import take_in

from .rows import day, register
from .shared import SHARED, needs_shared, report

DAY = day("2025-06-30")


def members(snapshot: Snapshot, regime: str = "eba", which: str = "confirmed", on=DAY) -> set[str]:
    """The groups, each as its members' names joined."""
    found = groups.connected_clients(snapshot, regime, on).members.filter(pl.col("set") == which)
    named = found.with_columns(name=snapshot.parties["party_id"].gather(found["party_row"]))
    return {"".join(sorted(names)) for names in named.group_by("group_id").agg("name")["name"]}


def links(snapshot: Snapshot, regime: str = "eba") -> dict[tuple[str, str, str], str]:
    """{(from, to, via): status}."""
    found = groups.connected_clients(snapshot, regime, DAY).links
    ids = snapshot.parties["party_id"]
    rows = found.select("from_row", "to_row", "via", "status").rows()
    return {(ids[source], ids[target], via): status for source, target, via, status in rows}


CONTROLS = """
    controller_id enterprise_id basis valid_from
    P A contract 2020-01-01
    P B contract 2020-01-01
"""


def test_votes_records_and_dependence_make_one_group():
    """P controls A by votes, A has B by contract, X depends on B."""
    snapshot = register(
        owns="owner_id enterprise_id share valid_from\nP A .6 2020-01-01",
        controls="controller_id enterprise_id basis valid_from\nA B contract 2020-01-01",
        depends_on="dependent_id depended_on_id criterion valid_from\nX B 2 2020-01-01",
    ).as_of(DAY)

    assert members(snapshot) == {"ABPX"}
    assert links(snapshot) == {("P", "A", "votes"): "confirmed", ("A", "B", "contract"): "confirmed",
                               ("X", "B", "2"): "confirmed"}  # fmt: skip


def test_a_member_that_joins_brings_what_it_controls_and_not_its_parent():
    snapshot = register(
        controls="controller_id enterprise_id basis valid_from\nQ X contract 2020-01-01\nX Y contract 2020-01-01",
        depends_on="dependent_id depended_on_id criterion valid_from\nX A 2 2020-01-01",
    ).as_of(DAY)

    assert members(snapshot) == {"AXY", "QXY"}


def test_whoever_controls_a_ring_jointly_belongs_to_it():
    """P with A has .6 of Y; Y and Z control each other, so that neither stands between P and the other."""
    snapshot = register(
        owns="owner_id enterprise_id share valid_from\nP A .6 2020-01-01\nP Y .3 2020-01-01\nA Y .3 2020-01-01\nY Z .6 2020-01-01",
        controls="controller_id enterprise_id basis valid_from\nZ Y contract 2020-01-01",
    ).as_of(DAY)

    assert members(snapshot) == {"APYZ"}


def test_a_government_connects_under_one_rule_stands_apart_under_another_and_not_at_all_under_a_third():
    snapshot = register(
        parties="party_id kind valid_from\nG public_body 1949-10-01",
        controls="""
        controller_id enterprise_id basis valid_from
        G A state 2020-01-01
        G B state 2020-01-01
        A C contract 2020-01-01
        """,
    ).as_of(DAY)

    told = {regime: members(snapshot, regime) for regime in ("eba", "eba_alternative", "basel", "cn")}
    assert told == {"eba": {"ABCG"}, "eba_alternative": {"ACG", "BG"}, "basel": {"AC"}, "cn": {"AC"}}


def test_families_are_one_under_the_chinese_rule_and_a_flag_under_the_others():
    """Husband and wife each own a firm: together one client, or maybe."""
    snapshot = register(
        owns="owner_id enterprise_id share valid_from\nH F .9 2020-01-01\nW G .9 2020-01-01",
        related_to="party_id other_id relation valid_from\nH W spouse 2010-01-01",
    ).as_of(DAY)

    assert members(snapshot, "cn") == members(snapshot, "eba", "prudent") == {"FGHW"}
    assert members(snapshot, "eba") == {"FH", "GW"}
    assert links(snapshot)["W", "F", "acting_together"] == "flagged"


TRADE = """
    supplier_id buyer_id turnover valid_from
    S K 60 2025-01-01
    S L 20 2025-01-01
"""


def sheet(party: str, revenue: str = "-", costs: str = "-", equity: str = "-", debt: str = "-") -> str:
    return f"""
    party_id scope valid_from recorded_on revenue costs equity debt
    {party} solo 2024-12-31 2025-03-31 {revenue} {costs} {equity} {debt}
    """


def found(snapshot: Snapshot) -> set[tuple]:
    ids = snapshot.parties["party_id"]
    rows = (
        flags(snapshot, "eba", DAY)
        .select("dependent_row", "depended_on_row", "criterion", "of", "share", "verdict")
        .rows()
    )
    return {
        (ids[x], ids[y], criterion, of, share and round(share, 9), verdict)
        for x, y, criterion, of, share, verdict in rows
    }


def test_dependence_is_measured_against_the_accounts_and_never_against_known_links():
    """60 of receipts of 100 go to K; of what its customers buy from others nothing is known."""
    told = found(register(supplies=TRADE, accounts=sheet("S", revenue="100")).as_of(DAY))

    assert {row for row in told if row[0] == "S"} == {
        ("S", "K", "1", "revenue", 0.6, "flagged"), ("S", "K", "3", "revenue", 0.6, "flagged"),
    }  # fmt: skip
    assert {row for row in told if row[0] == "K"} == {("K", "S", "1", "costs", None, "unknown")}


def test_without_accounts_the_answer_is_unknown():
    """One known link would be 75 % of the known links."""
    snapshot = register(supplies=TRADE).as_of(DAY)

    assert {row[-1] for row in found(snapshot)} == {"unknown"}
    assert members(snapshot, which="prudent") == set()
    assert set(links(snapshot).values()) == {"unknown"}


def test_accounts_of_half_a_year_are_doubled():
    accounts = sheet("S", revenue="100").replace("debt", "debt months").replace("100 - - -", "100 - - - 6")

    told = found(register(supplies=TRADE, accounts=accounts).as_of(DAY))

    assert not {row for row in told if row[0] == "S"}


def test_a_guarantor_depends_on_a_debtor_whose_call_would_take_its_equity():
    """A call of 50 against an equity of 40; against 200 it is no flag."""
    for equity, flagged in (("40", True), ("200", False), ("-5", True)):
        snapshot = register(
            guarantees="contract_id guarantor_id debtor_id amount valid_from\nc1 V D 50 2025-01-01",
            accounts=sheet("V", equity=equity) + "    D solo 2024-12-31 2025-03-31 - - - 90\n",
        ).as_of(DAY)

        told = {row[:3] for row in found(snapshot) if row[-1] == "flagged"}
        assert (("V", "D", "2") in told) is flagged


def test_two_who_live_on_one_lender_depend_on_it_and_through_it_on_each_other():
    snapshot = register(
        lends_to="lender_id borrower_id balance valid_from\nF A 60 2025-01-01\nF B 80 2025-01-01\nF C 10 2025-01-01",
        accounts=sheet("A", debt="100") + "".join(
            f"    {name} solo 2024-12-31 2025-03-31 - - - 100\n" for name in "BC"
        ),
    ).as_of(DAY)  # fmt: skip

    assert {row[:3] for row in found(snapshot)} == {("A", "F", "7"), ("B", "F", "7")}
    assert members(snapshot, which="prudent") == {"ABF"}
    assert members(snapshot) == set()


def test_a_flag_stands_in_the_prudent_set_until_the_bank_records_it():
    flagged = {"supplies": TRADE, "accounts": sheet("S", revenue="100")}
    recorded = "dependent_id depended_on_id criterion valid_from\nS K 1 2025-05-01"

    before, after = register(**flagged).as_of(DAY), register(**flagged, depends_on=recorded).as_of(DAY)

    assert (members(before), members(before, which="prudent")) == (set(), {"KS"})
    assert (members(after), members(after, which="prudent")) == ({"KS"}, {"KS"})


REVIEW = "link from_id to_id decision reason reviewer second_reviewer evidence valid_from valid_to recorded_on\n"


def reviewed(line: str, **tables: str) -> Snapshot:
    return register(reviews=REVIEW + line, **tables).as_of(DAY)


def test_a_review_confirms_what_was_flagged_and_rebuts_what_was_recorded():
    flagged = {"supplies": TRADE, "accounts": sheet("S", revenue="100")}
    yes = reviewed("depends_on S K confirmed - Li - memo 2025-05-01 - 2025-05-01", **flagged)
    no = reviewed("depends_on S K rebutted replaceable Li Wu memo 2025-05-01 2026-05-01 2025-05-01", **flagged)

    assert members(yes) == {"KS"}
    assert members(no, which="prudent") == set()
    assert links(no)["S", "K", "1"] == "rebutted"


def test_a_rebutted_link_connects_nobody_up_or_down_and_stays_visible():
    """Of P - A - C the first link is rebutted: P and B, A and C."""
    more = CONTROLS + "    A C contract 2020-01-01\n"
    snapshot = reviewed("controls P A rebutted ring_fenced Li Wu memo 2025-05-01 2026-05-01 2025-05-01", controls=more)

    assert members(snapshot) == {"AC", "BP"}
    assert links(snapshot)["P", "A", "contract"] == "rebutted"
    found = groups.connected_clients(snapshot, "eba", DAY)
    told = membership(snapshot, found, snapshot.row_of("C")).filter(pl.col("status") == "rebutted")
    assert told["because"].to_list() == ["rebutted (ring_fenced) by Li and Wu until 2026-05-01"] * 2


@pytest.mark.parametrize(("line", "state"), [
    ("controls P A rebutted ring_fenced Li Wu memo 2025-05-01 2026-05-01 2025-05-01", "standing"),
    ("controls P A rebutted ring_fenced Li Li memo 2025-05-01 2026-05-01 2025-05-01", "incomplete: without two names"),
    ("controls P A rebutted - Li Wu - 2025-05-01 - 2025-05-01", "incomplete: without reason, evidence, end date"),
    ("controls P A rebutted ring_fenced Li Wu memo 2019-05-01 2026-05-01 2019-05-01",
     "lapsed: a record that it rests on was learned later"),
])  # fmt: skip
def test_a_rebuttal_needs_everything_and_lapses_with_what_it_rests_on(line, state):
    snapshot = reviewed(line, controls=CONTROLS)
    (row,) = reviews(snapshot).to_dicts()

    assert ": ".join(filter(None, (row["state"], row["because"]))) == state
    assert members(snapshot) == ({"BP"} if state == "standing" else {"ABP"})


def test_a_rebuttal_lapses_at_its_end():
    line = "controls P A rebutted ring_fenced Li Wu memo 2025-05-01 2026-05-01 2025-05-01"
    book = register(reviews=REVIEW + line, controls=CONTROLS)

    assert members(book.as_of(day("2026-04-30"))) == {"BP"}
    assert members(book.as_of(day("2026-05-01"))) == {"ABP"}


def test_a_review_of_a_controlling_stake_is_a_review_of_control():
    snapshot = reviewed(
        "owns P A rebutted autonomous Li Wu memo 2025-05-01 2026-05-01 2025-05-01",
        owns="owner_id enterprise_id share valid_from\nP A .6 2020-01-01\nA C .6 2020-01-01",
    )

    assert members(snapshot) == {"AC"}


def test_the_latest_decision_that_stands_governs():
    """Control rebutted, a year later confirmed as a stake."""
    lines = """owns P A rebutted autonomous Li Wu memo 2024-05-01 2026-05-01 2024-05-01
        controls P A confirmed - Li - memo 2025-05-01 - 2025-05-01"""
    snapshot = reviewed(lines, owns="owner_id enterprise_id share valid_from\nP A .6 2020-01-01")

    assert members(snapshot) == {"AP"}


def test_what_only_a_review_confirms_is_a_link():
    line = "controls P A confirmed - Li - memo 2025-05-01 - 2025-05-01"

    assert links(reviewed(line)) == {("P", "A", "review"): "confirmed"}


def test_a_group_keeps_its_id_while_members_come_and_go():
    before = register(controls=CONTROLS).as_of(DAY)
    after = register(
        controls=CONTROLS + "    P C contract 2020-01-01\n",
        depends_on="dependent_id depended_on_id criterion valid_from\nX B 2 2020-01-01",
    ).as_of(DAY)

    ids = [set(groups.connected_clients(each, "eba", DAY).members["group_id"]) for each in (before, after)]
    assert ids == [{"eba:P"}, {"eba:P"}]


def test_a_group_keeps_its_id_under_a_new_head_and_leaves_it_with_most_of_its_core():
    """N takes P over: still the group of P. Then A, B and C leave P: three of the four it had, so the id goes along."""

    def cores(control: str, previous: pl.DataFrame | None = None) -> pl.DataFrame:
        snapshot = register(controls="controller_id enterprise_id basis valid_from\n" + control).as_of(DAY)
        found = groups.connected_clients(snapshot, "eba", DAY, previous).members.filter(pl.col("role") == "core")
        return found.select("set", "group_id", party_id=snapshot.parties["party_id"].gather(found["party_row"]))

    links = {pair: f"{pair[0]} {pair[1]} contract 2020-01-01\n" for pair in ("PA", "PB", "PC", "NP", "AB", "AC", "PZ")}
    first = cores(links["PA"] + links["PB"] + links["PC"])
    taken_over = cores(links["PA"] + links["PB"] + links["PC"] + links["NP"], first)
    split = cores(links["AB"] + links["AC"] + links["PZ"], first)

    assert set(taken_over["group_id"]) == {"eba:P"}
    assert dict(split.select("party_id", "group_id").rows()) == {
        "A": "eba:P", "B": "eba:P", "C": "eba:P", "P": "eba:P@2025-06-30", "Z": "eba:P@2025-06-30",
    }  # fmt: skip


def test_each_membership_carries_its_links_and_each_link_its_records():
    snapshot = register(
        owns="owner_id enterprise_id share valid_from source_ref\nP A .6 2020-01-01 r1\nP T .2 2020-01-01 r2\nA T .4 2020-01-01 r3",
        depends_on="dependent_id depended_on_id criterion valid_from source_ref\nX T 2 2020-01-01 r4",
    ).as_of(DAY)
    found = groups.connected_clients(snapshot, "eba", DAY)
    told = membership(snapshot, found, snapshot.row_of("X")).filter(pl.col("set") == "confirmed")
    path = {(row["kind"], row["via"]): [record["source_ref"] for record in row["path"]] for row in told.to_dicts()
            if row["to_row"] == snapshot.row_of("T")}  # fmt: skip

    assert all(reasons for reasons in found.members["reasons"].to_list())
    assert {key: sorted(refs) for key, refs in path.items()} == {
        ("control", "votes"): ["r1", "r2", "r3"], ("dependence", "2"): ["r4"],
    }  # fmt: skip


def test_an_unknown_rule_set_is_refused():
    with pytest.raises(UsageError, match="the rules of 'usa' have no such row"):
        groups.connected_clients(register(controls=CONTROLS).as_of(DAY), "usa", DAY)


def test_the_answer_names_the_rules_of_the_day():
    snapshot = register(controls=CONTROLS).as_of(DAY)
    told = {on: groups.connected_clients(snapshot, "eba", day(on)).rules for on in ("2024-07-07", "2024-07-08")}

    assert not any("control_votes" in each and "2024/1728" in each for each in told["2024-07-07"])
    assert any("control_votes" in each and "2024/1728" in each for each in told["2024-07-08"])


@given(st.permutations(list(range(6))))
@settings(max_examples=10, deadline=None)
def test_the_order_of_rows_changes_nothing(order):
    lines = ["P A contract 2020-01-01", "P B contract 2020-01-01", "Q A contract 2020-01-01", "X Y contract 2020-01-01",
             "Y Z contract 2020-01-01", "Z X contract 2020-01-01"]  # fmt: skip
    heading = "controller_id enterprise_id basis valid_from\n"
    first, mixed = (
        register(controls=heading + "\n".join(each)).as_of(DAY) for each in (lines, [lines[at] for at in order])
    )

    assert groups.connected_clients(first, "eba", DAY).members.equals(
        groups.connected_clients(mixed, "eba", DAY).members
    )


@needs_shared
def test_14_unknown_owners_never_glue_firms_together():
    (path,) = report("14").glob("*.jsonl")
    snapshot = take_in(Register.empty(), [bods.read(path)]).register.as_of(day("2024-01-15"))
    found = groups.connected_clients(snapshot, "eba", DAY).members.filter(pl.col("set") == "prudent")
    ids = snapshot.parties["party_id"]
    told = {frozenset(ids.gather(each)) for each in found.group_by("group_id").agg("party_row")["party_row"]}

    firms = {frozenset(name[-1] for name in group if "ENT" in name) for group in told}
    assert firms == {frozenset("X"), frozenset("Y"), frozenset("UV")}


@needs_shared
def test_the_real_register_falls_into_groups():
    """497 parties of UK and GLEIF records: 22 groups of 418, all by control; no ring among the owners."""
    path = SHARED / "data" / "bods" / "register_sample.jsonl"
    snapshot = take_in(Register.empty(), [bods.read(path)]).register.as_of(day("2025-02-28"))
    found = groups.connected_clients(snapshot, "eba", DAY)
    confirmed = found.members.filter(pl.col("set") == "confirmed")
    above = ultimate_controllers(controlled(snapshot, "eba", DAY))
    held = stakes(snapshot)

    assert snapshot.parties.height == 497
    assert (confirmed["group_id"].n_unique(), confirmed.height) == (22, 418)
    assert set(confirmed["role"]) == {"core"}
    assert not above["circular"].any()
    assert not rings(matrix(held, "capital_high", snapshot.parties.height)).ring.any()
