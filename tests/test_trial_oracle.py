"""The oracle trial: what is asked of which form, and a tiny run from end to end."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner
from relparty.cli import main
from relparty.graph.errors import DataError
from relparty.graph.register import Register
from relparty.loaders.economy_oracle import Recipe, write_oracle
from relparty.trials.oracle_asked import ASKED
from relparty.trials.oracle_folder import Folder
from relparty.trials.oracle_measures import YEARLY, Gate, Judged
from relparty.trials.oracle_motifs import MOTIFS
from relparty.trials.oracle_run import GATES, YEARS

from .rows import day

RECIPE = Recipe("noisy", seed=2, firms=300, years=3, days=2, paths=50, forced=20, changed=10)


def firms(part: float, of: float = 0.02) -> pl.DataFrame:
    """A thousand firms on two days: contagion found is so large a part of the true one, own PDs are right."""
    dice = np.random.default_rng(1)
    own, true = dice.random(1000) / 4, dice.random(1000) * of
    frame = {"as_of": [day("2020-12-31"), day("2021-12-31")] * 500, "linked": [True] * 1000}
    frame |= dict.fromkeys(MOTIFS, [False] * 1000)
    told = {"pd": own + part * true, "pd_standalone": own, "contagion": part * true}
    told |= {"pd_true": own + true, "pd_standalone_true": own, "contagion_true": true}
    return pl.DataFrame(frame | told)


def gates(form: str, rows: pl.DataFrame) -> dict[str, Gate]:
    """What is asked of one model, by name."""
    return {gate.what: gate for gate in Judged("gnn", 0, rows, ASKED[form]).gates()}


@pytest.mark.parametrize(
    ("form", "asked"),
    [
        ("clean", ["within 6%", "at least 0.96", "at least 0.93", "within 0.002"]),
        ("twist", ["within 6%", "at least 0.90", "at least 0.82", "within 0.002"]),
        ("noisy", ["within 20%", "at least 0.68", "", "at least 0.81"]),
    ],
)
def test_what_is_asked_depends_on_the_form(form: str, asked: list[str]) -> None:
    names = ("contagion mean", "contagion Pearson, all", "contagion Pearson, without the 1% largest", "AUC")
    found = gates(form, firms(1.0))
    assert [found[name].asked for name in names] == asked
    assert [found[name].passes is None for name in names] == [text == "" for text in asked]


def test_a_tenth_too_much_contagion_is_near_enough_only_where_firms_are_seen_dimly() -> None:
    near = {form: gates(form, firms(1.1))["contagion mean"].passes for form in ("clean", "twist", "noisy")}
    assert near == {"clean": False, "twist": False, "noisy": True}
    assert gates("noisy", firms(1.21))["contagion mean"].passes is False


def test_where_links_carry_nothing_the_gates_of_a_placebo_hold_whatever_the_form() -> None:
    """.2 pp found where there is none: over 4 % of .6 pp, and nowhere .5 pp."""
    rows = firms(1.0, of=0.0).with_columns(contagion=0.002)
    for form in ("placebo", "placebo_noisy"):
        found = gates(form, rows)
        assert found["contagion mean, absolute"].passes is False
        assert found["contagion 99th percentile"].passes is True
        assert "contagion Pearson, all" not in found


def test_a_dim_view_is_asked_for_an_auc_of_its_own_and_no_nearness_to_the_truths() -> None:
    """One firm in twenty is unsafe; a tenth of those is taken for the safest of all, which costs .05 of the AUC."""
    place = pl.int_range(1000)
    rows = firms(1.0).with_columns(pd_true=pl.when(place % 20 == 0).then(0.9).otherwise(0.001))
    rows = rows.with_columns(pd=pl.when(place % 200 == 0).then(0.0).otherwise("pd_true"))
    clean, noisy = (gates(form, rows)["AUC"] for form in ("clean", "noisy"))
    assert clean.found == noisy.found
    assert 0.81 < clean.found < clean.truth - 0.002
    assert (clean.passes, noisy.passes) == (False, True)


def test_each_years_figures_are_those_of_its_firms_alone() -> None:
    rows = firms(1.5)
    lines = pl.DataFrame(Judged("gnn", 0, rows, ASKED["clean"]).by_year())
    assert set(lines["what"]) == set(YEARLY) - {"contagion mean, absolute"}
    for when, mine in rows.group_by("as_of"):
        line = lines.filter((pl.col("as_of") == when[0]) & (pl.col("what") == "contagion mean"))
        assert line.select("firms", "found", "truth").row(0) == pytest.approx(
            (500, *mine.select("contagion", "contagion_true").mean().row(0))
        )


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ('{"form": "twist"}', "twist"),
        ('{"form": "rosy"}', "clean"),
        ('{"form": 3}', "clean"),
        ("[]", "clean"),
        (None, "clean"),
    ],
)
def test_a_folder_that_tells_no_known_form_is_judged_as_a_clean_one(
    tmp_path: Path, text: str | None, form: str
) -> None:
    if text is not None:
        (tmp_path / "economy.json").write_text(text, encoding="utf-8")
    assert Folder(tmp_path, Register.empty()).form == form


def test_a_damaged_recipe_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "economy.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match=r"economy.json: no JSON .* say --form"):
        assert Folder(tmp_path, Register.empty()).form


def test_a_folder_is_known_by_its_files_wherever_it_lies(tmp_path: Path) -> None:
    found = []
    for name, text in (("a", "x"), ("b", "x"), ("c", "y")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "parties.csv").write_text(text, encoding="utf-8")
        found.append(Folder(tmp_path / name, Register.empty()).sha256)
    assert found[0] == found[1] != found[2]


def said(*words: str) -> tuple[int, str, str]:
    """What the command line answers."""
    answer = CliRunner().invoke(main, ["benchmark", *words])
    return answer.exit_code, answer.stdout, answer.stderr


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two tiny economies and, in `out`, a run on them."""
    home = tmp_path_factory.mktemp("trial")
    write_oracle(home / "train", replace(RECIPE, seed=1, days=0))
    write_oracle(home / "test", RECIPE)
    code, _, told = said(
        "oracle",
        "--train",
        str(home / "train"),
        "--test",
        str(home / "test"),
        "--out",
        str(home / "out"),
        "--seeds",
        "1",
    )
    assert code == 0, told
    return home


def test_a_run_tells_what_it_was_and_is_judged_by_the_folders_form(finished: Path) -> None:
    out = finished / "out"
    papers = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert papers["form"] == "noisy"
    assert (papers["train"], papers["test"], papers["days"]) == ("train", "test", ["2021-12-31", "2022-12-31"])
    assert papers["test_sha256"] == Folder(finished / "test", Register.empty()).sha256 != papers["train_sha256"]
    assert "by the gates of form noisy" in (out / "oracle.md").read_text(encoding="utf-8")
    asked = dict(pl.read_csv(out / GATES).filter(pl.col("model") == "gnn").select("what", "asked").iter_rows())
    assert asked["AUC"] == "at least 0.81"
    assert {"gnn", "logistic", "own", "neighbours", "structural"} == set(pl.read_csv(out / YEARS)["model"])


def test_its_years_weigh_up_to_its_means(finished: Path) -> None:
    whole, years = pl.read_csv(finished / "out" / GATES), pl.read_csv(finished / "out" / YEARS)
    means, by = ["pd mean", "contagion mean"], ["model", "what"]
    weighed = years.group_by(by).agg(mean=(pl.col("found") * pl.col("firms")).sum() / pl.col("firms").sum())
    both = whole.filter(pl.col("what").is_in(means)).join(weighed, on=by)
    assert both.height == 10
    assert both["mean"].to_list() == pytest.approx(both["found"].to_list())


def test_a_finished_run_is_summed_up_by_the_command(finished: Path) -> None:
    code, text, _ = said("oracle-summary", str(finished / "out"))
    assert code == 0
    assert "## noisy: economies 1, trainings 1" in text
    assert text.count("| test | 202") == 2
    assert all(f"\n| {model} | " in text for model in ("gnn", "logistic", "own", "neighbours", "structural"))


def test_mistakes_get_one_line_and_no_traceback(finished: Path) -> None:
    words = ("--train", str(finished / "train"), "--test", str(finished / "test"), "--out", str(finished / "x"))
    code, _, told = said("oracle", *words, "--form", "rosy")
    assert (code, told.count("\n")) == (2, 1)
    assert "--form rosy: no such form" in told
    code, _, told = said("oracle-summary", str(finished / "test"))
    assert (code, told.count("\n")) == (2, 1)
    assert "no run.json, gates.csv, years.csv" in told
    assert said("oracle-summary", str(finished / "out"), str(finished / "out"))[0] == 2
