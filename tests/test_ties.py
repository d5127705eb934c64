"""Ties: who shares whom, what counts, who ties nobody; and how a tie stands in scores, in an explanation and in the store."""

from dataclasses import replace

import polars as pl
import pytest
from relparty.graph.channels import channel_edges
from relparty.graph.results import Run
from relparty.graph.schema import SHARED_PERSON
from relparty.graph.score_parts import score_parts
from relparty.graph.snapshot import Snapshot
from relparty.graph.store import Store
from relparty.graph.ties import MOST_FIRMS, shared_persons

from .models import untrained
from .rows import day, register
from .scores import scores
from .servers import Server

DAY = day("2024-06-30")
PEOPLE = "party_id kind\nA enterprise\nB enterprise\nC enterprise\nH enterprise\nP person\nQ person"
OWNS = "owner_id enterprise_id lot share share_low share_high nominee direct valid_from source_ref"


def world(**tables: str) -> Snapshot:
    """Firms A, B, C and H, persons P and Q."""
    return register(parties=PEOPLE, **tables).as_of(DAY)


def pairs(snapshot: Snapshot) -> set[tuple[str, str]]:
    """Who fails and who suffers, by id."""
    ids, ties = snapshot.parties["party_id"], shared_persons(snapshot)
    return set(zip(ids.gather(ties["fails"]), ids.gather(ties["suffers"]), strict=True))


@pytest.mark.parametrize(("stakes", "tied"), [
    (("P A - .25 - - - - 2020-01-01 -", "P B - .9 - - - - 2020-01-01 -"), True),
    (("P A - .24 - - - - 2020-01-01 -", "P B - .9 - - - - 2020-01-01 -"), False),
    (("P A 1 .1 - - - - 2020-01-01 -", "P A 2 .15 - - - - 2020-01-01 -", "P B - .9 - - - - 2020-01-01 -"), True),
    (("P A - - .25 .5 - - 2020-01-01 -", "P B - .9 - - - - 2020-01-01 -"), True),
    (("P A - - - - - - 2020-01-01 -", "P B - .9 - - - - 2020-01-01 -"), False),
    (("P A - .5 - - true - 2020-01-01 -", "P B - .9 - - - - 2020-01-01 -"), False),
    (("P A - .5 - - - false 2020-01-01 -", "P B - .9 - - - - 2020-01-01 -"), False),
    (("H A - .5 - - - - 2020-01-01 -", "H B - .9 - - - - 2020-01-01 -"), False),
    (("P A - .5 - - - - 2020-01-01 -", "Q B - .9 - - - - 2020-01-01 -"), False),
])  # fmt: skip
def test_a_person_with_a_quarter_of_both_is_shared_and_either_firm_may_suffer(stakes, tied):
    """Directly, in its own name, over all lots; of a band the middle counts; a firm that owns both is a channel's."""
    found = pairs(world(owns="\n".join((OWNS, *stakes))))

    assert found == ({("A", "B"), ("B", "A")} if tied else set())


@pytest.mark.parametrize(("role", "tied"), [
    ("legal_representative", True), ("director", True), ("executive", True), ("supervisor", False),
])  # fmt: skip
def test_whoever_runs_one_firm_and_controls_the_other_is_shared(role, tied):
    snapshot = world(
        holds_role=f"person_id enterprise_id role valid_from\nP A {role} 2020-01-01",
        controls="controller_id enterprise_id basis valid_from\nP B declared 2020-01-01",
    )

    assert bool(pairs(snapshot)) is tied


@pytest.mark.parametrize(("firms", "ties"), [(MOST_FIRMS, MOST_FIRMS * (MOST_FIRMS - 1)), (MOST_FIRMS + 1, 0)])
def test_a_person_with_very_many_firms_ties_nobody(firms: int, ties: int) -> None:
    """Twenty firms make 20 x 19 ties; with one more the person is a nominee or a service provider."""
    ids = [f"E{number}" for number in range(firms)]
    snapshot = register(
        parties="\n".join(("party_id kind", "P person", *(f"{each} enterprise" for each in ids))),
        holds_role="\n".join(
            ("person_id enterprise_id role valid_from", *(f"P {each} director 2020-01-01" for each in ids))
        ),
    ).as_of(DAY)

    assert shared_persons(snapshot).height == ties


BOTH = {  # P owns A and directs B; Q directs both
    "owns": f"{OWNS}\nP A - .6 - - - - 2020-01-01 R-1",
    "holds_role": "person_id enterprise_id role valid_from source_ref\nP B director 2020-01-01 R-2\n"
    "Q A director 2020-01-01 R-3\nQ B director 2020-01-01 R-4",
    "accounts": "party_id scope valid_from recorded_on total_assets equity\nA solo 2023-12-31 2024-01-31 100 10\n"
    "B solo 2023-12-31 2024-01-31 100 20\nC solo 2023-12-31 2024-01-31 100 30\nH solo 2023-12-31 2024-01-31 90 9",
}


def test_two_shared_persons_make_one_tie_by_the_strongest_facts() -> None:
    """P's stake and office go before Q's two offices; to A's suffering belongs the record on A, to B's that on B."""
    snapshot = world(**BOTH)
    ties = shared_persons(snapshot)

    assert pairs(snapshot) == {("A", "B"), ("B", "A")}
    assert snapshot.parties["party_id"].gather(ties["person_row"]).to_list() == ["P", "P"]
    assert ties.select("table", "other_table").rows() == [("owns", "holds_role"), ("holds_role", "owns")]


def test_no_structural_model_sees_a_tie() -> None:
    assert channel_edges(world(holds_role=BOTH["holds_role"])).is_empty()


def test_a_tie_adds_to_a_pd_and_leads_to_the_persons_two_records() -> None:
    snapshot = world(**BOTH)
    found = untrained(snapshot).score(snapshot)
    parts = score_parts(snapshot, found, "A")
    link = parts.filter(level="link")

    assert link.select("channel", "fails_id", "loss", "table", "rest", "source_ref").rows() == [
        (SHARED_PERSON, "B", None, "owns", ["P", "ordinary", ""], "R-1; R-2"),
    ]
    assert link["adds"][0] == found.firms["risk_contagion_shared_person"][0] > 0
    assert parts["adds"][1] + link["adds"][0] == pytest.approx(found.firms["risk_pd"][0], abs=1e-12)
    assert score_parts(snapshot, found, "B").filter(level="link")["rest"].to_list() == [["P", "director"]]


def test_firms_without_ties_keep_their_scores_bit_for_bit() -> None:
    """H guarantees C; whether A and B share somebody is nothing to them."""
    guarantees = "contract_id guarantor_id debtor_id amount valid_from\nG H C 30 2023-01-01"
    tied = world(**BOTH, guarantees=guarantees)
    alone = replace(
        tied, tables={name: rows for name, rows in tied.tables.items() if name not in ("owns", "holds_role")}
    )
    model, free = untrained(alone), pl.col("party_id").is_in(["C", "H"])
    with_ties, without = (model.score(snapshot).firms for snapshot in (tied, alone))

    assert with_ties.filter(free).equals(without.filter(free))
    assert (without["risk_contagion_shared_person"] == 0).all()
    assert (with_ties.filter(~free)["risk_pd"] > without.filter(~free)["risk_pd"]).all()


def test_ties_that_training_never_saw_abstain_nobody() -> None:
    """They are no loss that is larger than any in training."""
    tied = world(**BOTH)
    bare = replace(tied, tables={"accounts": tied.table("accounts")})

    assert set(untrained(bare).score(tied).firms["risk_status"]) == {"scored"}


def test_a_loss_that_the_accounts_have_lived_through_is_not_to_come_again() -> None:
    """B failed before A's sheet was drawn up: A stands as it stands."""
    failed = world(**BOTH, events="event_id party_id kind valid_from\nV B default 2023-06-30")
    snapshot = world(**BOTH)
    model = untrained(snapshot)

    assert model.score(snapshot).firms["risk_contagion_shared_person"][0] > 0
    assert model.score(failed).firms["risk_contagion_shared_person"][0] == 0


def test_in_the_store_each_record_of_the_person_tells_what_it_brings_to_its_firm(store: Store, server: Server) -> None:
    """To A come .2 from B and .1 from C, all through P's stake in A; the next run finds .1 from C alone."""
    store.write(world(**BOTH))
    ids, stake = ["A", "B", "C", "H"], ["P", "ordinary", ""]
    links = [("A", fails, "owns", stake, SHARED_PERSON, adds) for fails, adds in (("B", 0.2), ("C", 0.1))]
    links += [("B", "A", "holds_role", ["P", "director"], SHARED_PERSON, 0.3)]
    store.publish(Run("run-1", "score", DAY), scores(ids, [0.5] * 4, links=links))
    first = _told(server)
    store.publish(Run("run-2", "score", DAY), scores(ids, [0.5] * 4, links=links[1:2]))

    assert first == [("HOLDS_ROLE", "B", 0.3), ("OWNS", "A", pytest.approx(0.3))]
    assert _told(server) == [("OWNS", "A", 0.1)]


def _told(server: Server) -> list[tuple[str, str, float]]:
    with server.bare() as session:
        found = session.run(
            "MATCH (:Person)-[r:OWNS|HOLDS_ROLE]->(e:Enterprise) WHERE r.risk_contagion_shared_person IS NOT NULL "
            "RETURN type(r), e.party_id, r.risk_contagion_shared_person ORDER BY type(r)"
        )
        return [tuple(record.values()) for record in found]
