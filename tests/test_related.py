"""The commands on related parties, as a user meets them."""

import json

import pytest
from click.testing import CliRunner
from relparty.cli import main

from .shared import needs_shared, report

PARTIES = "party_id,kind,name\nP,person,Ann Example\nA,enterprise,Alpha\nB,enterprise,Beta\nC,enterprise,Gamma\n"
OWNS = "owner_id,enterprise_id,share,valid_from,source_ref\nP,A,.6,2020-01-01,R-1\nA,B,.8,2020-01-01,R-2\n"
GUARANTEES = "contract_id,guarantor_id,debtor_id,amount,valid_from\nG-1,A,B,30,2020-01-01\nG-2,B,A,40,2020-01-01\n"
EXPOSURES = "facility_id,party_id,drawn,limit,valid_from\nF-1,A,10,10,2020-01-01\nF-2,B,20,20,2020-01-01\n"
CAPITAL = "kind,amount,valid_from\ntier1,100,2020-01-01\nnet,120,2020-01-01\n"


@pytest.fixture
def ask(tmp_path):
    """Asks a command for JSON over a register of four parties."""
    texts = {"parties": PARTIES, "owns": OWNS, "guarantees": GUARANTEES, "exposures": EXPOSURES, "capital": CAPITAL}
    (tmp_path / "bank").mkdir()
    for name, text in texts.items():
        (tmp_path / "bank" / f"{name}.csv").write_text(text, encoding="utf-8")
    home = str(tmp_path / "home")

    def run(*words, code=0):
        result = CliRunner().invoke(main, ["--home", home, *words])
        assert result.exit_code == code, result.stderr
        return json.loads(result.stdout) if code == 0 and "--format" in words else result

    assert run("load", str(tmp_path / "bank"), "--no-store").exit_code == 0
    return lambda *words, code=0: run(*words, "--format", "json", code=code)


def test_a_person_at_the_end_of_the_chain_owns_and_controls(ask):
    """.6 of A and .8 of B: .48 of B."""
    rows = ask("owners", "B", "--explain")

    assert {(row["owner_id"], row["reason"]) for row in rows if row["owner_id"]} == {
        ("P", "capital"), ("P", "votes"), ("P", "control"),
    }  # fmt: skip
    assert next(row["low"] for row in rows if row["reason"] == "capital") == pytest.approx(0.48)
    assert "owns: P -> A (bank, R-1)" in rows[0]["path"]


def test_controls_lists_the_chain_with_its_records(ask):
    rows = ask("controls", "P", "--explain")

    assert [(row["controlled_id"], row["step"]) for row in rows] == [("A", 1), ("B", 2)]
    assert rows[1]["path"] == "owns: A -> B (bank, R-2)"


def test_groups_are_listed_and_explained(ask):
    members = ask("groups", "B")
    reasons = ask("groups", "B", "--explain")

    assert {row["party_id"] for row in members if row["set"] == "confirmed"} == {"P", "A", "B"}
    assert {(row["from_id"], row["to_id"], row["status"]) for row in reasons if row["kind"] == "control"} == {
        ("P", "A", "confirmed"), ("A", "B", "confirmed"),
    }  # fmt: skip


def test_guarantees_show_promises_and_circles(ask):
    promises = ask("guarantees")
    circles = ask("guarantees", "--circles")

    assert {row["party_id"]: row["promised"] for row in promises} == {"A": 30.0, "B": 40.0}
    assert next(row["party_ids"] for row in circles if row["pattern"] == "mutual") == ["A", "B"]


def test_exposures_show_limits_used_and_the_lines_behind_them(ask):
    """The group of P, A and B: 30 of an allowed 25."""
    over = ask("exposures", "--over", "100")
    lines = ask("exposures", "--over", "100", "--explain")

    assert {(row["set"], row["scope"], row["use"]) for row in over if row["name"] == "limit"} == {
        ("confirmed", "group", 1.2), ("prudent", "group", 1.2),
    }  # fmt: skip
    assert {row["facility_id"] for row in lines} == {"F-1", "F-2"}


def test_a_party_that_is_not_there_is_a_mistake_of_usage(ask):
    assert "Z: no such party" in ask("controls", "Z", code=2).stderr


def test_a_rule_set_not_yet_in_force_says_so(ask):
    assert "amlr" in ask("owners", "B", "--rules", "amlr", "--as-of", "2026-01-01", code=2).stderr


@needs_shared
def test_07_a_chain_over_companies_whose_numbers_lost_their_zeros(tmp_path):
    home = str(tmp_path / "home")
    runner = CliRunner()
    runner.invoke(main, ["--home", home, "load", str(report("07") / "psc.jsonl"), "--format", "psc", "--no-store"])

    rows = json.loads(runner.invoke(main, ["--home", home, "controls", "GB-COH:00000301", "--format", "json"]).stdout)

    assert {row["controlled_id"] for row in rows} == {"GB-COH:00000302", "GB-COH:SC000303", "GB-COH:NI000304"}


def test_changes_since_a_day_are_explained(ask):
    """No limits of the EU were in force in 2019; since 2022 nothing has changed."""
    assert "no rules of 'eba' on 2019-12-31" in ask("exposures", "--since", "2019-12-31", code=2).stderr
    assert ask("exposures", "--since", "2022-01-01", "--explain") == []


def test_conversion_factors_are_a_setting(tmp_path, monkeypatch):
    """10 drawn of a limit of 30: at a factor of .1 the exposure is 10 + .1 x 20 = 12."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "relparty.toml").write_text("conversion_otherwise = 0.1\n", encoding="utf-8")
    (tmp_path / "parties.csv").write_text("party_id,kind\nA,enterprise\n", encoding="utf-8")
    (tmp_path / "capital.csv").write_text(CAPITAL, encoding="utf-8")
    (tmp_path / "exposures.csv").write_text("facility_id,party_id,drawn,limit,valid_from\nF-1,A,10,30,2020-01-01\n")
    runner = CliRunner()
    runner.invoke(main, ["load", ".", "--no-store"])

    rows = json.loads(runner.invoke(main, ["exposures", "--format", "json"]).stdout)

    assert {row["amount"] for row in rows if row["name"] == "limit"} == {12.0}
