"""The command line as a user meets it: one line for each mistake, and its exit code."""

import csv
import json
import socket

import pytest
from click.testing import CliRunner
from relparty.cli import main
from relparty.graph import register_folder

from .rows import day

OWNS = "owner_id,enterprise_id,share,valid_from\n"
FIRMS = "party_id,kind\nA,enterprise\nB,enterprise\n"


@pytest.fixture
def relparty(tmp_path, monkeypatch):
    """Runs a command in a folder of its own, with a home of its own."""
    monkeypatch.chdir(tmp_path)

    def run(*words, **environment):
        result = CliRunner().invoke(main, ["--home", str(tmp_path / "home"), *words], env=environment)
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def files(tmp_path):
    """Writes files into the folder where commands run."""

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")

    return write


def one_line(result, code):
    assert result.exit_code == code
    assert result.stderr.startswith("relparty: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_a_missing_file_is_a_mistake_of_usage(relparty):
    assert "owns.csv: no such file" in one_line(relparty("load", "owns.csv", "--no-store"), 2)


def test_a_wrong_column_loads_nothing(relparty, files, tmp_path):
    files(owns="owner_id,company,share\nA,B,.5\n")

    assert "no column enterprise_id" in one_line(relparty("load", "owns.csv", "--no-store"), 3)
    assert register_folder.load(tmp_path / "home" / "register").tables == {}


def test_an_empty_file_loads_nothing(relparty, files):
    files(owns="")

    assert "empty" in one_line(relparty("load", "owns.csv", "--no-store"), 3)


@pytest.mark.parametrize(
    ("row", "reason"), [("A,B,60,2020-01-01", "share '60' is above 1"), ("A,B,.5,2020-02-30", "valid_from")]
)
def test_a_bad_row_waits_in_quarantine_and_is_an_error_only_when_strict(relparty, files, tmp_path, row, reason):
    files(parties=FIRMS, owns=f"{OWNS}{row}\n")

    result = relparty("load", ".", "--no-store")
    strict = relparty("load", ".", "--no-store", "--strict")

    assert result.exit_code == 0
    assert "owns.csv: 1 rows in = 0 kept + 0 repeated + 1 quarantined" in result.stderr
    assert reason in (tmp_path / "home" / "quarantine" / "owns.csv").read_text(encoding="utf-8")
    assert reason in one_line(strict, 3)


def test_an_unknown_party_is_bare_and_an_error_only_when_strict(relparty, files):
    files(parties=FIRMS, owns=f"{OWNS}Z,B,.5,2020-01-01\n")

    strict = relparty("load", ".", "--no-store", "--strict")
    result = relparty("load", ".", "--no-store")

    assert "bare parties: 1" in result.stderr
    assert (result.exit_code, strict.exit_code) == (0, 3)


def test_a_server_that_is_down_is_a_mistake_of_the_store(relparty, files):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    files(parties=FIRMS)

    told = one_line(relparty("--store", f"bolt://127.0.0.1:{port}", "load", ".", RELPARTY_PASSWORD="secret-word"), 4)

    assert "secret-word" not in told


def test_a_wrong_password_is_a_mistake_of_the_store_and_is_never_shown(relparty, files, neo4j_server):
    files(parties=FIRMS)

    told = one_line(relparty("--store", neo4j_server.url, "load", ".", RELPARTY_PASSWORD="wrong-word"), 4)

    assert "wrong-word" not in told


def test_an_unknown_saved_question_is_a_mistake_of_usage(relparty):
    assert "riskiest" in one_line(relparty("query", "risky_firms"), 2)


def test_a_question_without_a_complete_run_is_a_mistake_of_data(relparty, files):
    files(parties=FIRMS)
    assert relparty("load", ".", "--day", "2024-01-01").exit_code == 0

    assert "relparty score" in one_line(relparty("query", "riskiest"), 3)


def test_a_password_is_never_taken_from_the_command_line(relparty):
    assert relparty("--password", "x", "runs").exit_code == 2


def test_a_setting_that_does_not_exist_is_named(relparty, tmp_path):
    (tmp_path / "relparty.toml").write_text('colour = "red"\n', encoding="utf-8")

    assert "colour" in one_line(relparty("check"), 2)


def test_the_flag_goes_before_the_environment_and_that_before_the_file(tmp_path, monkeypatch):
    from relparty.graph.configuration import configuration

    monkeypatch.chdir(tmp_path)
    (tmp_path / "relparty.toml").write_text('user = "file"\ndatabase = "file"\nstore = "file"\n', encoding="utf-8")
    monkeypatch.setenv("RELPARTY_USER", "environment")
    monkeypatch.setenv("RELPARTY_DATABASE", "environment")

    config = configuration({"user": "flag", "database": None})

    assert (config.user, config.database, config.store) == ("flag", "environment", "file")


def test_a_dry_run_writes_neither_register_nor_quarantine(relparty, files, tmp_path):
    files(parties=FIRMS, owns=f"{OWNS}A,B,60,2020-01-01\n")

    assert relparty("load", ".", "--dry-run").exit_code == 0
    assert register_folder.load(tmp_path / "home" / "register").tables == {}
    assert not (tmp_path / "home" / "quarantine").exists()


def test_a_complete_file_that_closes_much_asks_twice(relparty, files, tmp_path):
    files(parties=FIRMS, owns=OWNS + "".join(f"A,B{n},.1,2020-01-01\n" for n in range(9)))
    relparty("load", ".", "--no-store")
    files(owns=OWNS + "".join(f"A,B{n},.1,2020-01-01\n" for n in range(8)))
    complete = ["load", "owns.csv", "--no-store", "--complete", "--recorded-on", "2024-01-01"]

    assert "1 of 9 statements in force are absent" in one_line(relparty(*complete), 3)
    assert "owns: 1 statements closed" in relparty(*complete, "--allow-closing").stderr
    held = register_folder.load(tmp_path / "home" / "register")
    assert held.as_of(day("2023-12-31")).table("owns").height == 9
    assert held.as_of(day("2024-01-01")).table("owns").height == 8


def test_persons_are_pseudonyms_unless_the_setting_says_otherwise(relparty, files, tmp_path):
    files(parties="party_id,kind,name\nP,person,Jane Doe\nE,enterprise,Doe Ltd\n",
          identifiers="scheme,value,party_id\nnational_id,1234567,P\n")  # fmt: skip
    relparty("load", ".", "--no-store")
    held = register_folder.load(tmp_path / "home" / "register")

    names = dict(held.table("parties").select("party_id", "name").rows())

    assert names["P"].startswith("Person ")
    assert names["E"] == "Doe Ltd"
    assert held.table("identifiers")["value"][0] not in {"1234567", None}
    assert relparty("load", ".", "--no-store").stderr.count("1 repeated") == 1
    assert (tmp_path / "home" / "register").stat().st_mode & 0o077 == 0


def test_check_exits_with_3_where_an_error_is_broken_and_lists_the_rows(relparty, files):
    files(parties=FIRMS, owns=f"{OWNS}A,B,.51,2020-01-01\nB,B,.51,2020-01-01\n")
    relparty("load", ".", "--no-store")

    result = relparty("check", "--format", "json")
    rows = relparty("check", "--rule", "share_above_one", "--format", "csv")

    assert result.exit_code == 3
    assert {row["rule"] for row in json.loads(result.stdout)} >= {"share_above_one", "self_links"}
    assert rows.stdout.splitlines()[1].startswith("B,1.02,2")


def test_a_summary_holds_the_counts_for_a_scheduler(relparty, files, tmp_path):
    files(parties=FIRMS)
    relparty("load", ".", "--no-store", "--summary", "s.json")

    summary = json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))

    assert summary["files"][0]["kept"] == 2
    assert summary["register_version"] == 1


@pytest.mark.parametrize("command", [None, *sorted(main.commands)])
def test_every_help_ends_in_an_example(relparty, command):
    words = [command, "--help"] if command else ["--help"]

    text = relparty(*words).stdout

    assert "Example:\n" in text
    assert "relparty" in text.split("Example:")[1]


def test_mended_rows_are_loaded_from_quarantine_and_the_others_go_on_waiting(relparty, files, tmp_path):
    files(parties=FIRMS, owns=f"{OWNS}A,B,60,2020-01-01\nA,C,70,2020-01-01\n")
    relparty("load", ".", "--no-store")
    waiting = tmp_path / "home" / "quarantine" / "owns.csv"
    waiting.write_text(waiting.read_text(encoding="utf-8").replace(",60,", ",.6,"), encoding="utf-8")

    result = relparty("load", str(waiting), "--no-store")

    assert "owns.csv: 2 rows in = 1 kept + 0 repeated + 1 quarantined" in result.stderr
    assert "quarantine/owns.csv: 1 rows wait" in result.stderr
    assert ",70," in waiting.read_text(encoding="utf-8")
    assert waiting.stat().st_mode & 0o077 == 0


def test_rows_that_wait_stay_when_another_file_of_that_name_is_clean(relparty, files, tmp_path):
    files(parties=FIRMS, owns=f"{OWNS}A,B,60,2020-01-01\n")
    relparty("load", ".", "--no-store")
    files(owns=f"{OWNS}A,B,.6,2020-01-01\n")
    relparty("load", "owns.csv", "--no-store")

    assert ",60," in (tmp_path / "home" / "quarantine" / "owns.csv").read_text(encoding="utf-8")


def test_a_reviewers_reason_is_kept_beside_ours(relparty, files, tmp_path):
    files(reviews="link,from_id,to_id,decision,reason,valid_from\ncontrols,A,B,nonsense,ring_fenced,2020-01-01\n")
    relparty("load", "reviews.csv", "--no-store")

    with (tmp_path / "home" / "quarantine" / "reviews.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)

    assert row["reason"] == "ring_fenced"
    assert row["quarantined_reason"].startswith("decision 'nonsense' is none of")


def test_quarantine_shows_no_national_id_and_no_name_of_a_person(relparty, files, tmp_path):
    files(parties="party_id,kind,name,founded_on\nP,person,Jane Doe,nonsense\n",
          identifiers="scheme,value,party_id,valid_from\nnational_id,1234567,P,nonsense\n")  # fmt: skip
    relparty("load", ".", "--no-store")

    texts = [path.read_text(encoding="utf-8") for path in (tmp_path / "home" / "quarantine").iterdir()]

    assert len(texts) == 2
    assert not any("Jane Doe" in text or "1234567" in text for text in texts)


def test_a_map_leaves_the_cells_of_a_rejected_row_as_they_were(relparty, tmp_path):
    (tmp_path / "map.toml").write_text(
        '[guarantees]\nfiles = ["g.csv"]\ndecimal = ","\ngrouping = "."\nseparator = ";"\n'
    )
    (tmp_path / "g.csv").write_text("contract_id;guarantor_id;debtor_id;amount;valid_from\nC;A;A;1.200,5;2020-01-01\n")
    relparty("load", "g.csv", "--map", "map.toml", "--no-store")

    assert '"1.200,5"' in (tmp_path / "home" / "quarantine" / "guarantees.csv").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "environment", "code", "told"),
    [
        (("check",), {}, 3, "the register is empty"),
        (("train",), {}, 3, "the register is empty"),
        (("query", "riskiest"), {}, 3, "nothing was loaded"),
        (("runs",), {"RELPARTY_STORE": "http://x"}, 2, "http://x: no store"),
        (("check",), {"RELPARTY_SOURCES": "bank,x"}, 2, "a list is JSON"),
        (("check",), {"RELPARTY_CURRENCY": "EURO"}, 2, "currency"),
    ],
)
def test_what_is_not_there_or_not_right_is_said_in_one_line(relparty, tmp_path, words, environment, code, told):
    assert told in one_line(relparty(*words, **environment), code)
    assert not (tmp_path / "home").exists()


def test_a_dry_run_leaves_nothing_behind(relparty, files, tmp_path):
    files(parties=FIRMS)
    relparty("load", ".", "--dry-run", "--no-store")

    assert not (tmp_path / "home").exists()


def test_a_day_for_no_store_is_refused(relparty, files):
    files(parties=FIRMS)

    assert "--no-store" in one_line(relparty("load", ".", "--no-store", "--day", "2024-01-01"), 2)


def test_training_without_a_book_says_what_is_missing(relparty, files):
    files(parties=FIRMS)
    relparty("load", ".", "--no-store")

    assert "exposures" in one_line(relparty("train"), 3)
