"""Overrides: two people's word on a PD, beside the model's, from a day until a day, never trained on."""

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner
from relparty.cli import main
from relparty.graph.errors import DataError, UsageError
from relparty.graph.overrides import in_force, with_final, without_effect
from relparty.graph.questions import asked
from relparty.graph.results import Run, Scores
from relparty.graph.snapshot import Snapshot
from relparty.loaders.economy import write_economy
from relparty.loaders.overrides import read_overrides

from .models import untrained
from .rows import day, register
from .scores import decided, scores
from .snapshots import DAY, firms_in_a_chain, frame, parties

HEADING = "party_id,pd,reason,proposed_by,approved_by,valid_from,until,recorded_on"
NOBODY = pl.DataFrame(schema={"scheme": pl.String, "value": pl.String, "party_id": pl.String})


@pytest.fixture
def file(tmp_path: Path):
    """Reads rows under the usual heading."""

    def read(*rows: str, heading: str = HEADING) -> pl.DataFrame:
        path = tmp_path / "overrides.csv"
        path.write_text("\n".join([heading, *rows]) + "\n", encoding="utf-8")
        return read_overrides(path)

    return read


def standing(rows: pl.DataFrame, on: date) -> list[tuple[str, float]]:
    """Who has which PD on a day; the firms are A and B, and once there was a firm Y."""
    found = in_force(rows, Snapshot(on, parties("A", "B")), NOBODY, pl.Series(["A", "B", "Y"]))
    return found.select("party_id", "pd").rows()


def test_an_override_counts_from_its_first_day_to_the_day_before_its_end(file) -> None:
    rows = file("A,.02,new owner,Ann,Bo,2024-03-01,2024-06-01,2024-02-01")

    assert standing(rows, day("2024-02-29")) == []
    assert standing(rows, day("2024-03-01")) == standing(rows, day("2024-05-31")) == [("A", 0.02)]
    assert standing(rows, day("2024-06-01")) == []


def test_a_past_day_knows_no_override_that_was_decided_later(file) -> None:
    rows = file("A,.02,new owner,Ann,Bo,2024-03-01,2024-12-31,2024-04-10")

    assert standing(rows, day("2024-04-09")) == []
    assert standing(rows, day("2024-04-10")) == [("A", 0.02)]


def test_an_empty_first_day_is_the_day_of_the_decision_and_the_other_way_round(file) -> None:
    rows = file("A,.02,x,Ann,Bo,,2024-12-31,2024-04-10", "B,.03,x,Ann,Bo,2024-05-01,2024-12-31,")

    assert rows["valid_from"].to_list() == rows["recorded_on"].to_list() == [day("2024-04-10"), day("2024-05-01")]


def test_the_override_begun_last_takes_the_place_of_one_that_still_runs(file) -> None:
    rows = file("A,.02,x,Ann,Bo,2024-01-01,2024-12-31,", "A,.05,y,Bo,Cy,2024-06-01,2024-09-01,")

    assert standing(rows, day("2024-05-31")) == [("A", 0.02)]
    assert standing(rows, day("2024-06-01")) == [("A", 0.05)]
    assert standing(rows, day("2024-09-01")) == []  # what was replaced doesn't come back


def test_a_correction_is_the_same_override_recorded_later(file) -> None:
    """Ended early: from the correction on, the longer end of the first version is no longer true."""
    rows = file("A,.02,x,Ann,Bo,2024-01-01,2024-12-31,2024-01-01", "A,.02,x,Ann,Bo,2024-01-01,2024-04-01,2024-03-15")

    assert standing(rows, day("2024-03-31")) == [("A", 0.02)]
    assert standing(rows, day("2024-04-01")) == []


def test_a_firm_is_named_by_its_id_an_alias_or_an_identifier(file) -> None:
    named = frame("parties", [
        {"party_id": name, "kind": "enterprise", "source": "bank", "aliases": aliases}
        for name, aliases in (("A", ["A-old"]), ("B", None), ("C", None))
    ])  # fmt: skip
    heading = "party_id,scheme,value,pd,reason,proposed_by,approved_by,valid_from,until"
    rows = file("A-old,,,.02,x,Ann,Bo,2024-01-01,2025-01-01", ",lei,5493001kjtiigc8y1r12,.03,x,Ann,Bo,2024-01-01,2025-01-01",
                "C,,,.04,x,Ann,Bo,2024-01-01,2025-01-01", heading=heading)  # fmt: skip
    known = pl.DataFrame({"scheme": ["lei"], "value": ["5493001KJTIIGC8Y1R12"], "party_id": ["B"]})

    found = in_force(rows, Snapshot(DAY, named), known, named["party_id"])

    assert found.select("party_id", "pd").rows() == [("A", 0.02), ("B", 0.03), ("C", 0.04)]
    with pytest.raises(DataError, match="line 3: lei 5493001KJTIIGC8Y1R12 is no enterprise"):
        in_force(rows, Snapshot(DAY, named), NOBODY, named["party_id"])


def test_what_is_in_force_for_nobody_stops_and_what_is_over_does_not(file) -> None:
    rows = file("Z,.02,x,Ann,Bo,2024-01-01,2024-03-01,")

    assert standing(rows, day("2024-03-01")) == []
    with pytest.raises(DataError, match="line 2: Z is no enterprise"):
        standing(rows, day("2024-02-01"))


def test_a_firm_that_has_ended_stops_nothing(file) -> None:
    """Only what never was a firm is a mistake: else the night after a firm's end nothing would be scored."""
    assert standing(file("Y,.02,x,Ann,Bo,2024-01-01,2024-12-01,"), DAY) == [("Y", 0.02)]


def test_two_overrides_of_one_firm_and_day_are_one_too_many(file) -> None:
    rows = file("A,.02,x,Ann,Bo,2024-01-01,2025-01-01,", "A,.03,x,Ann,Bo,2024-01-01,2025-01-01,")

    with pytest.raises(DataError, match="line 2: the same firm and days as"):
        standing(rows, DAY)


@pytest.mark.parametrize(("row", "reason"), [
    ("A,2.5,x,Ann,Bo,2024-01-01,2025-01-01,", "pd '2.5' is above 1"),
    ("A,0,x,Ann,Bo,2024-01-01,2025-01-01,", "pd is 0; nobody is sure to survive"),
    ("A,-.1,x,Ann,Bo,2024-01-01,2025-01-01,", "pd '-.1' is below 0"),
    ("A,,x,Ann,Bo,2024-01-01,2025-01-01,", "pd is empty"),
    ("A,nan,x,Ann,Bo,2024-01-01,2025-01-01,", "pd 'nan' is no number"),
    ("A,.1, ,Ann,Bo,2024-01-01,2025-01-01,", "reason is empty"),
    ("A,.1,x,Ann,,2024-01-01,2025-01-01,", "approved_by is empty"),
    ("A,.1,x,Ann, ann ,2024-01-01,2025-01-01,", "proposed_by and approved_by are both ' ann ': it takes two people"),
    ("A,.1,x,Ann,Bo,2024-01-01,,", "until is empty"),
    ("A,.1,x,Ann,Bo,2024-01-01,9999-12-31,", "until names no end"),
    ("A,.1,x,Ann,Bo,2024-01-01,2024-13-01,", "until '2024-13-01' is no date"),
    ("A,.1,x,Ann,Bo,2024-01-01,2024-01-01,", "until 2024-01-01 is not after valid_from 2024-01-01"),
    ("A,.1,x,Ann,Bo,,2025-01-01,", "nobody knows since when"),
    (",.1,x,Ann,Bo,2024-01-01,2025-01-01,", "it names a firm by party_id, or by scheme and value"),
    ("A,.1,x,Ann,Bo,2024-01-01", "fields in the heading"),
])  # fmt: skip
def test_one_bad_row_stops_it_all_and_says_where_and_why(file, row, reason) -> None:
    good = "B,.1,x,Ann,Bo,2024-01-01,2025-01-01,"
    with pytest.raises(DataError) as error:
        file(good, row, row)

    assert str(error.value).startswith("overrides.csv line 3: ")
    assert reason in str(error.value)
    assert "(and 1 more rows at fault). Nothing was scored." in str(error.value)


def test_a_file_without_a_column_or_no_file_is_refused(file, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column approved_by; found party_id, pd"):
        file("A,.1", heading="party_id,pd,reason,proposed_by,until")
    with pytest.raises(UsageError, match="no such file"):
        read_overrides(tmp_path / "none.csv")


def test_the_final_pd_is_the_override_else_the_models_where_that_may_be_used() -> None:
    """In default it is 1 whatever was decided; abstained and unseen have none until somebody decides."""
    made = scores(list("ABCDEFG"), [0.1, 0.1, 1.0, None, None, 0.3, 0.3])  # type: ignore[list-item]
    status = ["scored", "scored", "in_default", "unseen", "unseen", "abstained", "abstained"]
    given = Scores(made.firms.with_columns(risk_status=pl.Series(status)), made.links)
    overrides = decided(B=0.02, C=0.02, E=0.04, G=0.05, Y=0.01)
    final = with_final(given, overrides)

    assert final.firms["risk_pd_final"].to_list() == [0.1, 0.02, 1.0, None, 0.04, None, 0.05]
    assert final.firms["risk_override"].to_list() == [None, "x", None, None, "x", None, "x"]
    assert final.firms["risk_override_until"].null_count() == 4
    assert final.firms["risk_pd"].equals(given.firms["risk_pd"])
    assert final.firms.columns == given.firms.columns
    assert without_effect(given, overrides) == [
        "overrides.csv line 2: C is in default, so it does not count",
        "overrides.csv line 2: Y has ended, so it does not count",
    ]


def test_an_override_lies_beside_the_models_pd_and_goes_when_it_is_over(store, server) -> None:
    ids = ["E-00000", "E-00001", "E-00002"]
    store.write(firms_in_a_chain(3))
    model = scores(ids, [0.1, 0.2, 0.3])
    store.publish(Run("run-1", "score", DAY), with_final(model, decided(**{ids[1]: 0.02})))

    text, given, _ = asked("overridden", ())
    row = store.ask(text, given).rows[0]
    assert (row[0], *row[2:5], str(row[5])) == (ids[1], 0.2, 0.02, "x", "2025-01-01")
    assert store.snapshot().equals(firms_in_a_chain(3))

    store.publish(Run("run-2", "score", DAY), with_final(model, decided()))
    assert store.ask(text, given).rows == []
    with server.bare() as session:
        found = session.run("MATCH (e:Enterprise) RETURN e.risk_pd_final AS pd, keys(e) AS names ORDER BY e.party_id")
        rows = [(row["pd"], "risk_override_until" in row["names"]) for row in found]
    assert rows == [(0.1, False), (0.2, False), (0.3, False)]


@pytest.fixture
def relparty(tmp_path: Path):
    """Runs a command in a home with a register of two firms and a model."""
    bank = register(parties="party_id kind\nA enterprise\nB enterprise",
                    accounts="party_id scope valid_from total_assets equity\nA solo 2023-06-30 100 20\nB solo 2023-06-30 90 9")  # fmt: skip
    (tmp_path / "bank").mkdir()
    for name, table in bank.tables.items():
        table.drop("file", "line").write_csv(tmp_path / "bank" / f"{name}.csv")

    def run(*words: str, code: int = 0):
        result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), *words])
        assert result.exit_code == code, result.stderr
        return result

    run("load", str(tmp_path / "bank"), "--no-store")
    untrained(bank.as_of(DAY)).save(tmp_path / "home" / "models")
    return run


def test_a_score_reads_the_overrides_of_its_home_and_keeps_them_with_the_run(relparty, tmp_path: Path) -> None:
    home, out, words = tmp_path / "home", tmp_path / "out.parquet", ("score", "--as-of", "2024-06-30", "--dry-run")
    relparty(*words, "--out", str(out))
    before = pl.read_parquet(out)
    row = "A,.02,new owner,Ann,Bo,2024-01-01,2025-01-01,"
    (home / "overrides.csv").write_text(f"{HEADING}\n{row}\n", encoding="utf-8")
    result = relparty(*words, "--out", str(out), "--summary", str(tmp_path / "told.json"))
    after, told = pl.read_parquet(out), json.loads((tmp_path / "told.json").read_text(encoding="utf-8"))

    assert after.select("risk_pd_final", "risk_override").row(0) == (0.02, "new owner")
    assert after.row(1) == before.row(1)
    assert after["risk_pd"].equals(before["risk_pd"])
    assert "1 overrides in force" in result.stderr
    kept = pl.read_parquet(home / "runs" / told["run_id"] / "overrides.parquet")
    assert kept.select("party_id", "proposed_by", "approved_by").rows() == [("A", "Ann", "Bo")]
    assert len(list((home / "runs").iterdir())) == 2  # another decision, another run
    assert set(told["hashes"]) > {"snapshot", "overrides"}


def test_a_named_file_of_overrides_goes_before_the_homes(relparty, tmp_path: Path) -> None:
    words = ("score", "--as-of", "2024-06-30", "--dry-run")
    (tmp_path / "home" / "overrides.csv").write_text("nonsense\n", encoding="utf-8")
    (tmp_path / "own.csv").write_text(f"{HEADING}\n", encoding="utf-8")

    relparty(*words, "--overrides", str(tmp_path / "own.csv"))
    assert "overrides.csv: no column pd" in relparty(*words, code=3).stderr
    assert "none.csv: no such file" in relparty(*words, "--overrides", "none.csv", code=2).stderr


def test_no_model_is_trained_on_an_override(tmp_path: Path) -> None:
    """Every firm overridden, and the model has the same id: the hash of its weights and settings."""
    write_economy(tmp_path / "economy", 200, 5, seed=3)
    firms = pl.read_parquet(tmp_path / "economy" / "parties.parquet").filter(kind="enterprise")["party_id"].unique()
    rows = [f"{firm},.5,x,Ann,Bo,2019-01-01,2030-01-01," for firm in firms]

    def run(*words: str) -> str:
        result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), *words])
        assert result.exit_code == 0, result.stderr
        return result.stderr.rpartition("saved in ")[2]

    run("load", str(tmp_path / "economy"), "--no-store")
    before = run("train")
    (tmp_path / "home" / "overrides.csv").write_text("\n".join([HEADING, *rows]) + "\n", encoding="utf-8")
    assert "overrides in force" in run("score", "--as-of", "2023-12-31", "--dry-run")
    assert run("train") == before
