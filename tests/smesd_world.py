"""A made-up SMEsD folder in the published format, in which owners pull down what they own, or don't."""

import random
from pathlib import Path

HEADINGS = {
    "companies": "split,company,registered_capital,paid_capital,age_months,branch,bankrupt",
    "lawsuits": "split,company,cause,court,result,months_before_observation",
    "links": "split,source,target,type,weight",
    "memberships": "split,kind,key,company",
}
OTHERS = {"valid": 60, "test": 12}  # companies of the splits beside the survivors'
NUMBERS = {"train": 90000, "valid": 91000, "test": 92000}  # where the numbers of the others begin
Rows = dict[str, list[str]]


def smesd_folder(folder: Path, pairs: int, *, contagious: bool, seed: int = 0) -> Path:
    """Writes the four files: pairs of an owner and a firm that it owns, all survivors, and some bankrupt firms beside.

    Half of the owners lose a loan suit in some month. In a contagious world seven in ten of the firms that they own
    lose one 3 to 14 months later; in the other as many do, in a month of their own.
    """
    rng = random.Random(seed)
    rows: Rows = {name: [] for name in HEADINGS}
    for number in range(pairs):
        _pair(rows, rng, number, contagious=contagious)
    for split, many in {"train": 60, **OTHERS}.items():
        for number in range(many):
            _other(rows, rng, split, f"C{number + NUMBERS[split]}")
    folder.mkdir(exist_ok=True)
    for name, heading in HEADINGS.items():
        (folder / f"{name}.csv").write_text("\n".join([heading, *rows[name], ""]), encoding="utf-8")
    return folder


def _pair(rows: Rows, rng: random.Random, number: int, *, contagious: bool) -> None:
    owner, owned = f"C1{number:04}", f"C2{number:04}"
    for company in (owner, owned):
        rows["companies"].append(f"train,{company},{rng.randint(10, 900)},10,{rng.randint(150, 300)},0,0")
        rows["memberships"].append(f"train,area,{rng.choice('xyz')},{company}")
    rows["links"] += [f"train,{owner},{owned},invest_CC,5", f"train,{owned},{owner},invested_CC,5"]
    month = rng.randint(4, 140)
    if rng.random() < 0.5:
        rows["lawsuits"].append(f"train,{owner},0,0,3,{month}")
        if contagious and rng.random() < 0.7:
            rows["lawsuits"].append(f"train,{owned},0,0,3,{max(month - rng.randint(3, 14), 0)}")
    if not contagious and rng.random() < 0.35:
        rows["lawsuits"].append(f"train,{owned},0,0,3,{rng.randint(0, 140)}")


def _other(rows: Rows, rng: random.Random, split: str, company: str) -> None:
    """A firm of which no month is a date: bankrupt, a survivor's branch, or withheld."""
    bankrupt = "" if split == "test" else str(rng.randint(0, 1))
    rows["companies"].append(f"{split},{company},{rng.randint(10, 900)},10,{rng.randint(20, 300)},1,{bankrupt}")
    rows["memberships"].append(f"{split},qualify,Q{rng.randint(0, 20)},{company}")
    rows["lawsuits"].append(f"{split},{company},{rng.randint(0, 10)},0,3,{rng.randint(0, 50)}")
    for _ in range(rng.randint(1, 4) + 2 * (bankrupt == "1")):
        person = f"P{rng.randint(0, 80)}"
        rows["links"] += [f"{split},{person},{company},execute,1", f"{split},{company},{person},executed,1"]
