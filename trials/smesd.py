"""The benchmark on SMEsD, real data: reads the folder, runs both parts, leaves tables and page in another folder."""

from collections.abc import Callable
from pathlib import Path

from ..graph.errors import UsageError
from ..loaders.smesd_folder import read_folder
from .smesd_answer import answered
from .smesd_page import page
from .smesd_published import published
from .smesd_survivors import survivors


def run(folder: Path, out: Path, rewirings: int, progress: Callable[[str, int, int], None]) -> str:
    """Writes published.csv, dated.csv and smesd.md into `out`; gives back the page.

    Args:
        folder: companies, lawsuits, links and memberships `.csv` as published.
        out: made where it is not there.
        rewirings: of the links of the dated part, at least one.
        progress: told of the step, how much is done and of how much.

    Raises:
        UsageError: a file or folder that isn't there, or `out` is a file.
        DataError: a file that can't be read.
    """
    smesd = read_folder(folder)
    panel = survivors(smesd)
    if out.exists() and not out.is_dir():
        raise UsageError(f"{out}: a file, no folder. --out is the folder for the results.")
    out.mkdir(parents=True, exist_ok=True)
    split = published(smesd, progress)
    split.scores.write_csv(out / "published.csv")
    dated = answered(panel, rewirings, progress)
    dated.table.write_csv(out / "dated.csv")
    told = page(split, dated)
    (out / "smesd.md").write_text(told, encoding="utf-8")
    return told
