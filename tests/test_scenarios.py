"""What a scenario names: parties, sectors, regions, fractions of total assets, and files of shocks."""

import pytest
from relparty.graph.errors import DataError, UsageError
from relparty.graph.scenarios import Named, scenario
from relparty.loaders.shocks import read_shocks

from .rows import day, register

DAY = day("2024-06-30")
BANK = register(
    parties="party_id kind industry region valid_from\nA enterprise C26 CN-33 2020-01-01\n"
    "B enterprise C17 CN-33 2020-01-01\nC enterprise F51 CN-44 2020-01-01\nD enterprise - CN-44 2020-01-01\n"
    "P person - - 2020-01-01",
    accounts="party_id scope valid_from recorded_on total_assets equity\nA solo 2023-12-31 2024-03-31 200 50\n"
    "A consolidated 2023-12-31 2024-03-31 900 90\nC solo 2023-12-31 2024-03-31 400 80",
).as_of(DAY)


def fails(**named):
    return [BANK.parties["party_id"][row] for row in scenario(BANK, Named(**named)).fails]


@pytest.fixture
def shocks(tmp_path):
    """Reads a file of shocks."""

    def read(text):
        (tmp_path / "shock.csv").write_text(text, encoding="utf-8")
        return read_shocks(tmp_path / "shock.csv")

    return read


def test_a_sector_is_how_its_code_begins_and_a_region_narrows_it():
    assert fails(sector="C") == ["A", "B"]
    assert fails(region="CN-44") == ["C", "D"]
    assert fails(sector="C26", region="CN-33") == ["A"]
    assert fails(fails=("P", "A"), sector="C") == ["P", "A", "B"]


def test_a_fraction_of_a_sector_is_lost_of_solo_total_assets():
    """.1 of 200; the consolidated 900 hold the subsidiaries too."""
    begins = scenario(BANK, Named(sector="C26", loss=0.1))

    assert begins.fails == ()
    assert begins.shock.tolist() == [pytest.approx(20.0), 0.0, 0.0, 0.0, 0.0]


def test_rows_of_a_file_add_up_and_may_be_money_or_shares(shocks):
    """5 and a quarter of 400: 105 for C; 7 for a person."""
    begins = scenario(BANK, Named(shocks=shocks("party_id,loss,loss_share\nC,5,\nC,,.25\nP,7,\n")))

    assert begins.shock.tolist() == [0.0, 0.0, 105.0, 0.0, 7.0]


def test_unknown_total_assets_are_named_never_taken_for_nothing(shocks):
    with pytest.raises(DataError, match=r"1 parties are to lose .* not known, first 'B'"):
        scenario(BANK, Named(sector="C", loss=0.1))
    with pytest.raises(DataError, match="first 'D'"):
        scenario(BANK, Named(shocks=shocks("party_id,loss_share\nD,.5\n")))


def test_where_equity_is_not_known_either_the_assumptions_say_what_becomes_of_it():
    """C17 is B, of which nothing is known; A loses 20 all the same."""
    failing, absorbing = (scenario(BANK, Named(sector="C", loss=0.1), fate) for fate in ("fail", "absorb"))

    assert failing.fails == (1,)
    assert absorbing.fails == ()
    assert failing.shock.tolist() == absorbing.shock.tolist() == [pytest.approx(20.0), 0.0, 0.0, 0.0, 0.0]
    assert absorbing.notes == (
        "1 parties of which neither total assets nor equity is known absorb what they lose: it is left out",
    )


def test_a_party_with_equity_whose_total_assets_are_missing_is_never_guessed():
    odd = register(
        parties="party_id kind industry valid_from\nA enterprise C26 2020-01-01",
        accounts="party_id scope valid_from recorded_on equity\nA solo 2023-12-31 2024-03-31 50",
    ).as_of(DAY)

    with pytest.raises(DataError, match="first 'A'"):
        scenario(odd, Named(sector="C", loss=0.1), "absorb")


@pytest.mark.parametrize(("named", "told"), [
    ({"sector": ""}, "--sector '': every code begins so"),
    ({"region": " "}, "--region '': every code begins so"),
    ({"sector": "X"}, "X: the industry of no enterprise begins so. There are C17, C26, F51"),
    ({"region": "DE"}, "There are CN-33, CN-44"),
    ({"sector": "C", "region": "CN-44"}, "no enterprise is of --sector C and of --region CN-44"),
    ({"fails": ("Z",)}, "Z: no such party on 2024-06-30"),
    ({"loss": 0.1}, "nobody is named to lose it"),
    ({"sector": "C", "loss": 0.0}, "above 0 and at most 1"),
    ({"sector": "C", "loss": float("nan")}, "above 0 and at most 1"),
])  # fmt: skip
def test_what_is_not_there_is_told_with_what_there_is(named, told):
    with pytest.raises(UsageError, match=told):
        scenario(BANK, Named(**named))


def test_losses_that_add_up_beyond_any_number_are_refused(shocks):
    with pytest.raises(DataError, match="A: its losses add up beyond any number"):
        scenario(BANK, Named(shocks=shocks("party_id,loss\nA,1e308\nA,1e308\n")))


def test_a_folder_is_no_file_of_shocks(tmp_path):
    with pytest.raises(UsageError, match="it is a folder"):
        read_shocks(tmp_path)


def test_an_unknown_party_of_a_file_is_told_with_its_line(shocks):
    with pytest.raises(UsageError, match=r"shock.csv line 3: Z: no such party on 2024-06-30 \(and 1 more\)"):
        scenario(BANK, Named(shocks=shocks("party_id,loss\nA,1\nZ,1\nY,1\n")))


@pytest.mark.parametrize(("text", "told"), [
    ("party_id,loss\nA,5\nB,-3\n", "shock.csv line 3: loss '-3' is no number from 0 up. Nothing was run"),
    ("party_id,loss\nA,nan\n", "line 2: loss 'nan' is no number"),
    ("party_id,loss\nA,1e400\n", "line 2: loss '1e400' is no number"),
    ("party_id,loss_share\nA,5\n,1\n", r"line 2: loss_share '5' is no fraction from 0 to 1 \(and 1 more rows at fault\)"),
    ("party_id,loss\nA,\n", "line 2: no loss is stated"),
    ("party_id,loss,loss_share\nA,5,.5\n", "line 2: loss and loss_share are both stated"),
    ("party_id,loss\n,5\n", "line 2: party_id is empty"),
    ("party_id,loss\n", "shock.csv: nobody loses anything. State a loss above 0"),
    ("party_id,loss,loss_share\nA,0,\nB,,0\n", "nobody loses anything"),
    ("party_id,loss\nA,5,6\n", "line 2: 2 fields in the heading"),
    ("party_id,amount\nA,5\n", "it has party_id, amount; wanted are party_id, and loss or loss_share"),
])  # fmt: skip
def test_one_bad_row_of_a_file_stops_it_all(shocks, text, told):
    with pytest.raises(DataError, match=told):
        shocks(text)
