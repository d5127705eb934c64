"""relparty explain: the parts of a PD add up, name their records, and show what a given failure would do."""

import json
from math import exp, expm1, log1p

import polars as pl
import pytest
from click.testing import CliRunner
from relparty.cli import main
from relparty.gnn.network import FIRST_DELAY
from relparty.graph.errors import UsageError
from relparty.graph.score_parts import beside, score_parts

from .models import untrained
from .rows import day, register
from .scores import scores
from .snapshots import firms_in_a_chain

DAY = "2024-06-30"
FILES = {  # B lends to A, C to B; D stands alone, P is a person
    "parties": "party_id kind name\nA enterprise Alpha\nB enterprise Beta\nC enterprise Gamma\nD enterprise Delta\n"
    "P person Ann",
    "accounts": "party_id scope valid_from recorded_on total_assets equity\nA solo 2023-12-31 2024-01-31 100 20\n"
    "B solo 2023-12-31 2024-01-31 100 40\nC solo 2023-12-31 2024-01-31 120 72\nD solo 2023-12-31 2024-01-31 100 50",
    "lends_to": "lender_id borrower_id contract_id balance valid_from source_ref\nB A L-1 30 2023-01-01 R-1\n"
    "C B L-2 40 2023-01-01 R-2",
}
BANK = register(**FILES)
LATE = 1 + log1p(exp(FIRST_DELAY))  # of an untrained network


def hazard(pd: float) -> float:
    """-log(1 - PD)."""
    return -log1p(-pd)


def conduction(row: dict[str, float], neighbour: float) -> float:
    """q of a firm's only link: its hazard is -log(1 - q times the neighbour's chance to fail early enough)."""
    early: float = neighbour**LATE
    return -expm1(hazard(row["risk_pd_standalone"]) - hazard(row["risk_pd"])) / early


def test_a_given_failure_conducts_as_a_certain_one_down_the_chain() -> None:
    """PD_B = 1 - (1 - own_B)(1 - q), PD_C = 1 - (1 - own_C)(1 - PD_B^l q'): with A sure to fail, not with PD_A^l."""
    snapshot = BANK.as_of(day(DAY))
    model = untrained(snapshot)
    before, after = (model.score(snapshot, given).firms.to_dicts() for given in ((), ("A",)))
    first, second = conduction(before[1], before[0]["risk_pd"]), conduction(before[2], before[1]["risk_pd"])
    b = 1 - (1 - before[1]["risk_pd_standalone"]) * (1 - first)
    c = 1 - (1 - before[2]["risk_pd_standalone"]) * (1 - b**LATE * second)

    assert [row["risk_pd"] for row in after] == pytest.approx([1.0, b, c, before[3]["risk_pd"]], abs=1e-9)
    assert after[2]["risk_pd"] > before[2]["risk_pd"] > before[2]["risk_pd_standalone"]
    assert after[0]["risk_status"] == "in_default"
    assert after[3] == before[3]


def test_who_is_in_default_already_is_not_made_to_fail_later() -> None:
    """B's accounts hold the loss on A, which failed before them: nothing more is to come, whatever is given."""
    failed = register(**FILES, events="event_id party_id kind valid_from\nV A default 2023-06-30")
    snapshot = failed.as_of(day(DAY))
    model = untrained(snapshot)

    assert model.score(snapshot, ("A",)).firms.equals(model.score(snapshot).firms)


@pytest.mark.parametrize(("party", "said"), [("P", "P: no enterprise"), ("Z", "Z: no such party")])
def test_a_party_that_cannot_fail_in_the_model_is_refused(party: str, said: str) -> None:
    snapshot = BANK.as_of(day(DAY))
    with pytest.raises(UsageError, match=said):
        untrained(snapshot).score(snapshot, (party,))


def test_parts_add_up_and_lead_to_the_record_of_each_link() -> None:
    """C's one link is its loan L-2 of 40 to B."""
    snapshot = BANK.as_of(day(DAY))
    found = untrained(snapshot).score(snapshot)
    parts = score_parts(snapshot, found, "C")
    pd = found.firms["risk_pd"][2]

    assert parts["level"].to_list() == ["pd", "own", "channel", "link"]
    assert parts["adds"][1] + parts["adds"][2] == pytest.approx(pd, abs=1e-9)
    assert parts["adds"][1] + parts["adds"][3] == pytest.approx(pd, abs=1e-9)
    assert parts["of_pd"].to_list() == pytest.approx([1.0, parts["adds"][1] / pd, *[parts["adds"][2] / pd] * 2])
    link = parts.select("channel", "fails_id", "fails_name", "fails_pd", "loss", "table", "rest", "source_ref").row(3)
    assert link == ("loan_loss", "B", "Beta", found.firms["risk_pd"][1], 40.0, "lends_to", ["L-2"], "R-2")


def test_the_largest_channel_stands_first_and_in_it_the_largest_link() -> None:
    """E-00001 guarantees the next firm's debt, and the firm before guarantees its own."""
    snapshot, ids = firms_in_a_chain(3), ["E-00000", "E-00001", "E-00002"]
    links = [
        (ids[1], ids[2], "guarantees", ["C-00001"], "guarantee_call", 0.1),
        (ids[1], ids[0], "guarantees", ["C-00000"], "cover_loss", 0.2),
    ]
    made = scores(ids, [0.1, 0.4, 0.1], [0.0, 0.3, 0.0], links)
    told = [0.1, 0.1, 0.1], {"guarantee_call": 0.1, "cover_loss": 0.2}
    firms = made.firms.with_columns(
        pl.Series("risk_pd_standalone", told[0]),
        *(pl.lit(adds).alias(f"risk_contagion_{name}") for name, adds in told[1].items()),
    )
    parts = score_parts(snapshot, type(made)(firms, made.links), ids[1])

    assert parts.select("level", "channel", "adds").rows() == [
        ("pd", None, 0.4), ("own", None, 0.1), ("channel", "cover_loss", 0.2), ("link", "cover_loss", 0.2),
        ("channel", "guarantee_call", 0.1), ("link", "guarantee_call", 0.1),
    ]  # fmt: skip
    assert parts["loss"].to_list() == [None, None, None, 1.0, None, 1.0]


def test_a_link_that_conducts_only_under_the_given_failure_stands_beside_nothing() -> None:
    snapshot, ids = firms_in_a_chain(2), ["E-00000", "E-00001"]
    link = (ids[0], ids[1], "guarantees", ["C-00000"], "guarantee_call", 0.2)
    without, given = scores(ids, [0.1, 0.0]), scores(ids, [0.3, 1.0], [0.2, 0.0], [link])
    firms = given.firms.with_columns(risk_contagion_guarantee_call=pl.Series([0.2, 0.0]))
    told = beside(
        score_parts(snapshot, without, ids[0]), score_parts(snapshot, type(given)(firms, given.links), ids[0])
    )

    assert told.select("level", "adds", "adds_given").rows() == [
        ("pd", 0.1, 0.3), ("own", None, None), ("channel", None, 0.2), ("link", None, 0.2),
    ]  # fmt: skip
    assert told["fails_pd_given"].to_list() == [None, None, None, 1.0]


@pytest.fixture
def relparty(tmp_path):
    """Runs a command in a home with a register and a model."""
    (tmp_path / "bank").mkdir()
    for name, text in FILES.items():
        rows = [",".join(line.split()) for line in text.splitlines()]
        (tmp_path / "bank" / f"{name}.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")

    def run(*words, code=0):
        result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), *words])
        assert result.exit_code == code, result.stderr
        return result

    run("load", str(tmp_path / "bank"), "--no-store")
    untrained(BANK.as_of(day(DAY))).save(tmp_path / "home" / "models")
    return run


def told(result):
    return json.loads(result.stdout)


def by_level(rows, level, figure="adds"):
    return sum(row[figure] for row in rows if row["level"] == level)


def test_the_run_saved_last_is_explained_and_its_day_scored_afresh_says_the_same(relparty):
    relparty("score", "--as-of", DAY, "--dry-run")
    run = relparty("explain", "C", "--format", "json")
    rows, afresh = told(run), told(relparty("explain", "C", "--as-of", DAY, "--format", "json"))

    assert rows == afresh
    assert by_level(rows, "own") + by_level(rows, "link") == pytest.approx(by_level(rows, "pd"), abs=1e-9)
    assert run.stderr.startswith(f"C on {DAY} (score-{DAY}-")
    assert "= own " in run.stderr


def test_a_given_failure_stands_beside_the_pd_without_it(relparty):
    relparty("score", "--as-of", DAY, "--dry-run")
    result = relparty("explain", "C", "--given", "A", "--format", "json")
    rows = told(result)

    assert by_level(rows, "pd", "adds_given") > by_level(rows, "pd")
    given = by_level(rows, "own", "adds_given") + by_level(rows, "link", "adds_given")
    assert given == pytest.approx(by_level(rows, "pd", "adds_given"), abs=1e-9)
    assert by_level(rows, "own", "adds_given") == by_level(rows, "own")
    assert "given the failure of A: PD" in result.stderr


def test_a_run_is_explained_by_the_records_that_it_saw(relparty, tmp_path):
    """The loan of 40 is corrected to 50, as recorded before the day and loaded after the run."""
    relparty("score", "--as-of", DAY, "--dry-run")
    text = "lender_id,borrower_id,contract_id,balance,valid_from,recorded_on\nC,B,L-2,50,2023-01-01,2024-02-01\n"
    (tmp_path / "lends_to.csv").write_text(text, encoding="utf-8")
    relparty("load", str(tmp_path / "lends_to.csv"), "--no-store")
    result = relparty("explain", "C", "--format", "json")

    assert [row["loss"] for row in told(result) if row["level"] == "link"] == [40.0]
    assert f"rows loaded since though recorded by {DAY} are left out: lends_to 1" in result.stderr


def test_a_day_that_can_no_longer_be_rebuilt_is_said_to_be_another(relparty, tmp_path):
    relparty("score", "--as-of", DAY, "--dry-run")
    (paper,) = (tmp_path / "home" / "runs").glob("*/run.json")
    run = json.loads(paper.read_text(encoding="utf-8"))
    run["hashes"]["snapshot"] = "another"
    paper.write_text(json.dumps(run), encoding="utf-8")

    assert f"the register no longer shows {DAY} as the run saw it" in relparty("explain", "C").stderr


@pytest.mark.parametrize(("words", "said"), [
    (("explain", "Z"), "Z: no such party"),
    (("explain", "P"), "P: no enterprise, so it has no PD"),
    (("explain", "C", "--given", "C"), "C: it is the firm asked about"),
    (("explain", "C", "--given", "P"), "P: no enterprise"),
    (("explain", "C", "--run", "score-1"), "score-1: no score run of that id"),
    (("explain", "C", "--run", "score-1", "--as-of", DAY), "leave out --as-of"),
    (("explain", "C", "--model", "m"), "name the day with --as-of"),
    (("explain", "C", "--as-of", DAY, "--model", "m"), "m: no such model"),
])  # fmt: skip
def test_a_mistake_says_what_would_be_right(relparty, words, said):
    relparty("score", "--as-of", DAY, "--dry-run")
    result = relparty(*words, code=2)

    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_without_a_run_the_way_to_one_is_told(relparty):
    assert "no score run yet" in relparty("explain", "C", code=2).stderr


def test_a_firm_that_the_bank_cannot_see_has_no_pd_to_explain(relparty, tmp_path):
    (tmp_path / "exposures.csv").write_text("facility_id,party_id,drawn,valid_from\nF,A,1,2023-01-01\n")
    relparty("load", str(tmp_path / "exposures.csv"), "--no-store")
    result = relparty("explain", "D", "--as-of", DAY)

    assert "unseen: no PD" in result.stderr
