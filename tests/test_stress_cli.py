"""relparty stress as a user meets it: a scenario, every failure in turn, and the few that cost the bank most."""

import json

import pytest
from click.testing import CliRunner
from relparty import stress_parts, stress_wanted, stressing
from relparty.cli import main
from relparty.cli_stress import MODELS, stress
from relparty.graph.assumptions import PRODUCTION, SINGLE_HIT, Assumptions
from relparty.graph.configuration import configuration
from relparty.graph.valuations import MODELS as VALUATIONS

# C owes B 40, B owes A 30; the bank has lent C 100 against collateral of 40, and B 10.
FILES = {
    "parties": "party_id,kind,name,industry\nA,enterprise,Alpha,C26\nB,enterprise,Beta,C17\nC,enterprise,Gamma,F51\n"
    "D,enterprise,Delta,F51\n",
    "accounts": "party_id,scope,valid_from,recorded_on,total_assets,equity,liabilities\n"
    "A,solo,2023-12-31,2024-01-31,100,50,50\nB,solo,2023-12-31,2024-01-31,100,20,80\n"
    "C,solo,2023-12-31,2024-01-31,200,10,190\nD,solo,2023-12-31,2024-01-31,80,30,50\n",
    "lends_to": "lender_id,borrower_id,balance,valid_from,contract_id,source_ref\nA,B,30,2023-01-01,L-1,R-1\n"
    "B,C,40,2023-01-01,L-2,R-2\n",
    "exposures": "facility_id,party_id,drawn,collateral,valid_from\nF-1,C,100,40,2023-01-01\nF-2,B,10,0,2023-01-01\n",
}
FURFINE = ("--model", "furfine")


@pytest.fixture
def relparty(tmp_path, monkeypatch):
    """Runs a command in a folder of its own, with its own home, in which the register is loaded."""
    monkeypatch.chdir(tmp_path)

    def run(*words, code=0, **environment):
        result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), *words], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert result.exit_code == code, result.stderr
        return result

    (tmp_path / "bank").mkdir()
    for name, text in FILES.items():
        (tmp_path / "bank" / f"{name}.csv").write_text(text, encoding="utf-8")
    run("load", "bank", "--no-store")
    return run


def told(result):
    return json.loads(result.stdout)


def test_a_failure_is_followed_round_by_round_to_the_banks_loss(relparty):
    """C fails: B loses 40 of 20 and fails, A loses 30 of 50. The bank loses 60 on C and 10 on B."""
    result = relparty("stress", *FURFINE, "--fails", "C", "--format", "json")
    rows = {row["party_id"]: row for row in told(result)}

    assert {name: (row["state"], row["round"], row["loss"]) for name, row in rows.items()} == {
        "A": ("suffers", None, 30.0), "B": ("failed", 1, 40.0), "C": ("named", 0, 0.0), "D": ("untouched", None, 0.0),
    }  # fmt: skip
    assert (rows["A"]["distress"], rows["A"]["cause_id"]) == (0.6, "B")
    assert "the bank loses 70.00 CNY" in result.stderr
    assert "model furfine, recovery 0, supply 0.25, cover 0" in result.stderr


def test_a_table_shows_those_alone_that_are_touched(relparty):
    assert "Delta" not in relparty("stress", *FURFINE, "--fails", "C").stdout


def test_a_party_is_explained_by_the_links_and_records_on_the_way_to_it(relparty):
    rows = told(relparty("stress", *FURFINE, "--fails", "C", "--explain", "A", "--format", "json"))
    links = told(relparty("stress", *FURFINE, "--fails", "C", "--links", "--format", "json"))

    assert [(row["step"], row["fails_id"], row["suffers_id"], row["loss"]) for row in rows] == [
        (1, "C", "B", 40.0), (2, "B", "A", 30.0),
    ]  # fmt: skip
    assert [(row["channel"], row["contract_id"], row["source_ref"]) for row in rows] == [
        ("loan_loss", "L-2", "R-2"), ("loan_loss", "L-1", "R-1"),
    ]  # fmt: skip
    assert {(row["fails_id"], row["suffers_id"]) for row in links} == {("C", "B"), ("B", "A")}


def test_a_shock_of_a_sector_and_of_a_file_add_up(relparty, tmp_path):
    """A tenth of 200 and of 80 for the sector F51, and 15 more for D: C fails by 20 of 10, D loses 23 of 30."""
    (tmp_path / "shock.csv").write_text("party_id,loss\nD,15\n", encoding="utf-8")
    words = ("--sector", "F5", "--loss", ".1", "--shock", "shock.csv")
    rows = {row["party_id"]: row for row in told(relparty("stress", *FURFINE, *words, "--format", "json"))}

    assert (rows["C"]["state"], rows["C"]["round"], rows["C"]["loss"]) == ("failed", 0, 20.0)
    assert (rows["D"]["state"], rows["D"]["loss"]) == ("suffers", pytest.approx(23.0))


def test_the_summary_holds_the_counts(relparty, tmp_path):
    relparty("stress", *FURFINE, "--fails", "C", "--summary", "told.json")
    kept = json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))

    assert (kept["named"], kept["failed"], kept["suffers"], kept["bank_loss"]) == (1, 1, 1, 70.0)
    assert "lines" not in kept


@pytest.mark.parametrize(("words", "code", "said"), [
    ([], 2, "nothing happens. Name --fails"),
    (["--each", "--fails", "C"], 2, "--fails belongs to a scenario, and --each makes its own"),
    (["--reverse", "5", "--sector", "F"], 2, "--sector belongs to a scenario"),
    (["--each", "--reverse", "5"], 2, "two questions"),
    (["--each", "--top", "0"], 2, "--top 0: it is a number of firms, 1 or more"),
    (["--fails", "C", "--top", "3"], 2, "--top goes with --each alone"),
    (["--each", "--candidates", "3"], 2, "--candidates goes with --reverse alone"),
    (["--reverse", "-5"], 2, "an amount of money above 0"),
    (["--reverse", "nan"], 2, "an amount of money above 0"),
    (["--fails", "Z"], 2, "Z: no such party"),
    (["--fails", "C", "--explain", "Z"], 2, "Z: no such party"),
    (["--fails", "C", "--explain", "A", "--links"], 2, "ask for one"),
    (["--sector", "X"], 2, "There are C17, C26, F51"),
    (["--sector", "F", "--loss", "-1"], 2, "above 0 and at most 1"),
    (["--loss", ".5"], 2, "nobody is named to lose it"),
    (["--shock", "none.csv"], 2, "none.csv: no such file"),
    (["--fails", "C", "--recovery", "1.5"], 2, "--recovery 1.5: it is a fraction from 0 to 1"),
    (["--fails", "C", "--cover", "nan"], 2, "--cover nan: it is a fraction"),
    (["--fails", "C", "--volatility", "0"], 2, "a yearly volatility above 0"),
    (["--fails", "C", "--model", "furfine", "--seniority", "external_senior"], 2, "goes with --model en or rv alone"),
    (["--each", "--model", "esri"], 2, "--each goes with models of balance sheets"),
    (["--model", "esri"], 2, "nobody is closed. Name --fails"),
    (["--model", "esri", "--fails", "C"], 3, "turnover"),
    (["--each", "--rounds", "0"], 2, "--rounds 0: it is a number of rounds, 1 or more"),
    (["--fails", "C", "--model", "best"], 2, "'best' is not one of"),
])  # fmt: skip
def test_a_mistake_says_what_would_be_right(relparty, words, code, said):
    result = relparty("stress", *words, code=code)

    assert result.stderr.startswith(("relparty: ", "Usage: "))
    assert said in result.stderr
    assert result.stdout == ""


@pytest.fixture
def blind(relparty, tmp_path):
    """The same bank, in which nobody knows the equity of B any more."""
    sheets = FILES["accounts"].replace("B,solo,2023-12-31,2024-01-31,100,20,80\n", "")
    (tmp_path / "blind").mkdir()
    for name, text in (FILES | {"accounts": sheets}).items():
        (tmp_path / "blind" / f"{name}.csv").write_text(text, encoding="utf-8")
    return lambda *words, **more: relparty("--home", str(tmp_path / "other"), *words, **more)


@pytest.mark.parametrize("question", [("--each", "--dry-run", "--as-of", "2024-06-30"), ("--reverse", "50")])
def test_failures_in_turn_never_refuse_and_say_so(blind, question):
    """C would take down B, if B's equity were known: what the bank loses is at least its 60 on C."""
    blind("load", "blind", "--no-store")
    result = blind("stress", *FURFINE, *question)

    assert "without equity: absorb" in result.stderr
    assert "without known equity" in result.stderr
    assert "at least" in result.stderr
    assert "without positive equity" in blind("stress", *FURFINE, "--fails", "C", code=3).stderr


def test_what_closed_firms_take_with_them_in_production(relparty, tmp_path):
    """A sells B 8 and B sells C 8, nobody sells outside: all that A sells is lost at once, and B's sales for want of its
    only input: everything; by C's closing too. Without final demand the figure hangs on eps, which is said."""
    (tmp_path / "goods").mkdir()
    for name, text in FILES.items():
        (tmp_path / "goods" / f"{name}.csv").write_text(text, encoding="utf-8")
    rows = "A,B,8,2023-01-01,2024-01-01\nB,C,8,2023-01-01,2024-01-01\n"
    heading = "supplier_id,buyer_id,turnover,period_from,valid_from\n"
    (tmp_path / "goods" / "supplies.csv").write_text(
        heading + rows.replace(",2024-01-01", ",2023-12-31"), encoding="utf-8"
    )
    relparty("--home", str(tmp_path / "third"), "load", "goods", "--no-store")

    result = relparty(
        "--home", str(tmp_path / "third"), "stress", "--model", "esri", "--fails", "A", "--format", "json"
    )

    assert [(row["party_id"], row["esri"]) for row in told(result)] == [("A", pytest.approx(1.0))]
    assert "closed together, 1 firms take 100.0000% of all output" in result.stderr
    assert "final demand" in result.stderr


def test_the_models_and_defaults_of_the_command_are_those_of_the_assumptions():
    given, taken = {option.name: option.default for option in stress.params}, Assumptions()

    assert set(MODELS) == {*VALUATIONS, SINGLE_HIT, PRODUCTION}
    assert (given["model"], given["supply"], given["cover"]) == (taken.model, taken.supply, taken.cover)
    assert given["rounds"] == taken.rounds
    assert (given["without_equity"], given["at_zero"] == "fails") == (taken.without_equity, taken.terms.zero_fails)
    assert all(
        given[name] == getattr(taken.terms, name) for name in ("recovery", "alpha", "beta", "volatility", "seniority")
    )


def firms(server, *names):
    asked = ", ".join(f"e.{name}" for name in names)
    with server.bare() as session:
        return [record.values() for record in session.run(f"MATCH (e:Enterprise) RETURN {asked} ORDER BY e.party_id")]


@pytest.fixture
def at(relparty, server):
    """Runs a command against each server in turn, whose store shows the register's day."""
    login = {"RELPARTY_STORE": server.url, "RELPARTY_USER": server.user, "RELPARTY_PASSWORD": server.password}

    def run(*words, code=0):
        return relparty(*words, code=code, **login)

    run("load", "bank", "--day", "2024-06-30")
    return run


def test_every_failure_in_turn_lies_on_the_firms(at, server, tmp_path):
    """C costs B 40 and A 30 and takes B down; B costs A 30. A loses .6 in two failures of three others: .4."""
    result = at("stress", *FURFINE, "--each", "--format", "json")

    assert firms(server, "stress_impact", "stress_failures", "stress_bank_loss", "stress_failed_by", "stress_worst_id") == [
        [0.0, 0, 0.0, 0, "B"], [30.0, 0, 10.0, 1, "C"], [70.0, 1, 70.0, 0, None], [0.0, 0, 0.0, 0, None],
    ]  # fmt: skip
    assert [row[0] for row in firms(server, "stress_vulnerability")] == pytest.approx([0.4, 1 / 3, 0.0, 0.0])
    assert [row["party_id"] for row in told(result)] == ["C", "B", "A", "D"]
    assert "published, in force" in result.stderr
    assert not list((tmp_path / "home" / "stress").iterdir())
    assert len(list((tmp_path / "home" / "runs").glob("stress-2024-06-30-*/*.parquet"))) == 2


def test_only_the_largest_exposures_fail_in_turn_and_the_rest_lose_what_they_had(at, server):
    """C with 100 and B with 10; A and D were not run, so nothing says what their failure does."""
    at("stress", *FURFINE, "--each")
    at("stress", *FURFINE, "--each", "--top", "2")

    assert firms(server, "stress_impact", "stress_failed_by") == [[None, 0], [30.0, 1], [70.0, 0], [None, 0]]


def test_a_dry_run_publishes_nothing(at, server):
    result = at("stress", *FURFINE, "--each", "--dry-run", "--format", "csv")

    assert result.stdout.count("\n") == 5
    assert firms(server, "stress_run_id") == [[None]] * 4


def test_a_scenario_is_published_where_asked_under_its_own_prefix(at, server):
    assert "in force" not in at("stress", *FURFINE, "--fails", "C").stderr
    assert "published, in force" in at("stress", *FURFINE, "--fails", "C", "--publish").stderr

    assert firms(server, "scenario_state", "scenario_round", "scenario_loss", "scenario_distress") == [
        ["suffers", None, 30.0, 0.6], ["failed", 1, 40.0, 1.0], ["named", 0, 0.0, 1.0], [None] * 4,
    ]  # fmt: skip


def test_a_later_day_than_the_stores_is_refused(at):
    assert "the store shows 2024-06-30" in at("stress", "--each", "--as-of", "2024-07-31", code=3).stderr


def test_a_run_that_was_cut_off_goes_on_where_it_was(relparty, tmp_path, monkeypatch):
    """Four failures in lots of one, cut off in the third: two are kept, and the end is that of a run in one piece."""
    words = (*FURFINE, "--each", "--as-of", "2024-06-30", "--dry-run", "--format", "json")
    whole = relparty("stress", *words)
    monkeypatch.setattr(stress_parts, "LOT", 1)

    def cut_off(_, done, __):
        if done == 3:
            raise KeyboardInterrupt

    asked = stress_wanted.wanted(stress.make_context("stress", list(words)).params)
    with pytest.raises(KeyboardInterrupt):
        stressing.run(asked, configuration({"home": str(tmp_path / "home")}), None, cut_off)
    again = relparty("stress", *words)

    assert "went on where a run was cut off, after 2 failures" in again.stderr
    assert told(again) == told(whole)
