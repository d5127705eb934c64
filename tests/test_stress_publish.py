"""Publishing stress tests, on both servers: whole, by run, each kind under its own prefix."""

import polars as pl
import pytest
from relparty.graph.errors import DataError
from relparty.graph.fields import FIELDS
from relparty.graph.publishing_stress import published
from relparty.graph.questions import asked
from relparty.graph.results import Run
from relparty.graph.store import Store

from .servers import Server
from .snapshots import DAY, firms_in_a_chain

IDS = ["E-00000", "E-00001", "E-00002"]
FIRST, SECOND = Run("stress-1", "stress", DAY, "en"), Run("stress-2", "stress", DAY, "en")
SCENARIO = Run("scenario-1", "scenario", DAY, "E-00002 fails")


@pytest.fixture
def chain(store: Store) -> Store:
    """Three firms, each guaranteeing the next one's debt."""
    store.write(firms_in_a_chain(3))
    return store


def results(kind: str, ids: list[str], **given: list[object]) -> pl.DataFrame:
    """Rows of a kind; what is not named is missing."""
    missing: list[object] = [None] * len(ids)
    columns = {name: pl.Series(given.get(name, missing), dtype=FIELDS[name].dtype) for name in published(kind)}
    return pl.DataFrame({"party_id": ids, **columns})


def on_firms(server: Server, *names: str) -> list[list[object]]:
    asked = ", ".join(f"p.{name}" for name in names)
    with server.bare() as session:
        return [record.values() for record in session.run(f"MATCH (p:Party) RETURN {asked} ORDER BY p.party_id")]


def test_a_stress_test_lies_on_its_firms_by_run(chain: Store, server: Server) -> None:
    assert chain.publish_stress(FIRST, results("stress", IDS, stress_impact=[0.0, 1.0, 2.0], stress_failures=[0, 1, 2]))

    assert on_firms(server, "stress_impact", "stress_failures", "stress_run_id") == [
        [0.0, 0, "stress-1"], [1.0, 1, "stress-1"], [2.0, 2, "stress-1"],
    ]  # fmt: skip
    assert chain.snapshot().equals(firms_in_a_chain(3))


def test_who_is_not_in_the_next_run_loses_all_that_the_last_one_left(chain: Store, server: Server) -> None:
    chain.publish_stress(FIRST, results("stress", IDS, stress_impact=[0.0, 1.0, 2.0]))
    chain.publish_stress(SECOND, results("stress", IDS[1:], stress_impact=[None, 3.0]))

    names = ("stress_impact", "stress_as_of", "stress_run_id")
    kept = [[value if value is None else str(value) for value in row] for row in on_firms(server, *names)]
    assert kept == [[None] * 3, [None, str(DAY), "stress-2"], ["3.0", str(DAY), "stress-2"]]
    assert chain.runs().filter("in_force")["run_id"].to_list() == ["stress-2"]


def test_a_scenario_and_a_stress_test_stand_side_by_side(chain: Store, server: Server) -> None:
    chain.publish_stress(FIRST, results("stress", IDS, stress_impact=[0.0, 1.0, 2.0]))
    chain.publish_stress(SCENARIO, results("scenario", IDS[:1], scenario_state=["failed"], scenario_round=[2]))

    assert on_firms(server, "stress_run_id", "scenario_run_id", "scenario_round") == [
        ["stress-1", "scenario-1", 2], ["stress-1", None, None], ["stress-1", None, None],
    ]  # fmt: skip
    assert sorted(chain.runs().filter("in_force")["run_id"]) == ["scenario-1", "stress-1"]


def test_a_party_that_is_not_there_publishes_nothing(chain: Store, server: Server) -> None:
    chain.publish_stress(FIRST, results("stress", IDS, stress_impact=[0.0, 1.0, 2.0]))

    with pytest.raises(DataError, match="stress: 1 rows of stress-2 meet nothing"):
        chain.publish_stress(SECOND, results("stress", ["E-00001", "E-00009"]))
    assert on_firms(server, "stress_impact", "stress_run_id")[2] == [2.0, "stress-1"]


def test_a_day_before_the_stores_is_only_remembered(chain: Store, server: Server) -> None:
    early = Run("stress-0", "stress", DAY.replace(day=1), "en")

    assert not chain.publish_stress(early, results("stress", IDS))
    assert on_firms(server, "stress_run_id") == [[None]] * 3
    assert chain.runs().select("run_id", "in_force").rows() == [("stress-0", False)]


def _ask(store: Store, name: str, *given: str) -> list[tuple[object, ...]]:
    text, parameters, _ = asked(name, given)
    return store.ask(text, parameters).rows


def test_analysts_ask_who_is_systemic_and_who_hangs_on_one_firm(chain: Store) -> None:
    """E-00000 loses 9 to E-00001 and has lost .5 to failures on average; E-00002 costs the others most."""
    rows = results(
        "stress", IDS, stress_impact=[0.0, 4.0, 13.0], stress_failures=[0, 1, 2], stress_bank_loss=[0.0, 1.0, 5.0],
        stress_unknown=[0, 0, 1], stress_worst_id=["E-00001", "E-00002", None], stress_worst_loss=[9.0, 4.0, None],
        stress_failed_by=[2, 0, 0], stress_vulnerability=[0.5, 0.25, 0.0],
    )  # fmt: skip
    chain.publish_stress(FIRST, rows)

    assert [(row[0], row[2], row[5]) for row in _ask(chain, "most_systemic", "limit=2")] == [
        ("E-00002", 13.0, 1), ("E-00001", 4.0, 0),
    ]  # fmt: skip
    assert [(row[0], row[2], row[3]) for row in _ask(chain, "hang_on_one")] == [
        ("E-00000", "E-00001", 9.0), ("E-00001", "E-00002", 4.0),
    ]  # fmt: skip
