"""Field reports on stores: types and names, parallel contracts, knowledge that comes late. On both servers."""

from datetime import date

import pytest
from relparty.graph.register import Register
from relparty.graph.store import Store
from relparty.loaders.folder import read_folder
from relparty.loaders.intake import Intake, take_in

from .rows import day
from .servers import Server
from .shared import needs_shared, report

pytestmark = needs_shared


def loaded(number: str, register: Register | None = None) -> Intake:
    return take_in(register or Register.empty(), read_folder(report(number)))


def test_24_names_and_keys_come_back_letter_for_letter(store: Store) -> None:
    """Quotes, backticks, a newline, an emoji, a text that would delete everything, 1e300, 2^63."""
    intake = loaded("24")
    snapshot = intake.register.as_of(day("2024-06-30"))

    store.write(snapshot)
    assert store.snapshot().equals(snapshot)

    kept = {name: counts.kept for counts in intake.counts for name in [counts.file.rsplit("/", 1)[-1]]}
    found = store.query("MATCH (p:Party) RETURN count(p)").rows
    assert found == [(snapshot.parties.height,)]
    assert kept["parties.csv"] == snapshot.parties.height
    assert snapshot.table("exposures")["limit"].max() == 1e300


def test_24_a_party_is_found_by_its_key_as_a_parameter(store: Store) -> None:
    snapshot = loaded("24").register.as_of(day("2024-06-30"))
    store.write(snapshot)

    for party_id, name in snapshot.parties.select("party_id", "name").rows():
        assert store.query("MATCH (p:Party {party_id: $id}) RETURN p.name", {"id": party_id}).rows == [(name,)]


def test_25_parallel_contracts_stay_apart_however_often_they_are_loaded(store: Store, server: Server) -> None:
    """A promises B 100 and 50, and D 70 with E; a second load changes nothing."""
    first = loaded("25")
    second = loaded("25", first.register)
    for intake in (first, second):
        store.write(intake.register.as_of(day("2024-06-30")))
        with server.bare() as session:
            links = session.run(
                "MATCH (g:Party)-[r:GUARANTEES]->(d:Party) "
                "RETURN g.party_id, d.party_id, r.contract_id, r.amount ORDER BY r.contract_id, g.party_id"
            ).values()
        assert len(links) == 5
        assert [link[2:] for link in links if link[:2] == ["A", "B"]] == [["C-1", 100.0], ["C-2", 50.0]]
        promised = {who: sum(link[3] for link in links if link[0] == who) for who in ("A", "E")}
        assert promised == {"A": 220.0, "E": 80.0}

    assert store.write(second.register.as_of(day("2024-06-30"))) == {"created": 0, "changed": 0, "deleted": 0}


DAYS = (
    "2022-01-05", "2022-01-10", "2023-12-31", "2024-01-07", "2024-01-08", "2024-03-15", "2024-04-30", "2024-05-01",
    "2024-12-31", "2025-01-01",
)  # fmt: skip


def test_28_the_store_shows_each_day_as_it_was_known(store: Store) -> None:
    """A correction, a late entry, an announcement, a default heard of in January: written day by day."""
    register = loaded("28").register
    seen: dict[str, tuple[int, float | None, int]] = {}
    for each in DAYS:
        snapshot = register.as_of(day(each))
        store.write(snapshot)
        assert store.snapshot().equals(snapshot)
        assert store.day == date.fromisoformat(each)
        amounts = snapshot.table("guarantees").filter(contract_id="C-1")["amount"].to_list()
        seen[each] = (snapshot.table("owns").height, amounts[0] if amounts else None, snapshot.table("events").height)

    assert [seen[each][0] for each in DAYS] == [0, 1, 1, 1, 1, 2, 2, 2, 2, 3]
    assert (seen["2024-04-30"][1], seen["2024-05-01"][1]) == (30.0, 50.0)
    assert [seen[each][2] for each in ("2023-12-31", "2024-01-07", "2024-01-08")] == [0, 0, 1]


@pytest.mark.parametrize("number", ["24", "25", "28"])
def test_a_report_written_twice_is_written_once(store: Store, number: str) -> None:
    snapshot = loaded(number).register.as_of(day("2025-01-01"))
    store.write(snapshot)

    assert sum(store.write(snapshot).values()) == 0
