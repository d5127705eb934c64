"""The register's folder: committed whole, whatever happens to the writer."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from relparty.graph import register_folder
from relparty.graph.errors import DataError, StoreError
from relparty.graph.register import Register
from relparty.loaders.intake import take_in

from .rows import register, rows

HEAD = "owner_id enterprise_id share valid_from\n"
ONE = register(parties="party_id kind\nA enterprise", owns=f"{HEAD}A B .1 2020-01-01")


def grown(number: int) -> Register:
    """The register ONE with that many stakes more."""
    more = "\n".join(f"A C{place} .001 2020-01-01" for place in range(number))
    return take_in(ONE, [rows("owns", HEAD + more)]).register


def save(reg: Register, folder: Path) -> register_folder.Manifest:
    with register_folder.writing(folder):
        return register_folder.save(reg, folder)


def test_a_register_saved_and_read_is_equal(tmp_path):
    save(ONE, tmp_path)

    assert register_folder.load(tmp_path).equals(ONE)


def test_saving_the_same_again_changes_nothing_and_more_rows_make_a_new_version(tmp_path):
    first, again, second = save(ONE, tmp_path), save(ONE, tmp_path), save(grown(3), tmp_path)

    assert (first.version, again, second.version) == (1, first, 2)
    assert second.hash != first.hash
    assert second.files["parties"] == "parties-1.parquet"
    assert sorted(path.name for path in tmp_path.glob("*.parquet")) == sorted(second.files.values())


def test_a_folder_written_under_another_dictionary_is_refused(tmp_path):
    save(ONE, tmp_path)
    manifest = tmp_path / register_folder.MANIFEST
    manifest.write_text(manifest.read_text().replace('"dictionary": "', '"dictionary": "0'))

    with pytest.raises(DataError, match="another dictionary"):
        register_folder.load(tmp_path)


def test_a_second_writer_waits_and_then_says_who_holds_the_folder(tmp_path):
    with (
        register_folder.writing(tmp_path),
        pytest.raises(StoreError, match="another load"),
        register_folder.writing(tmp_path, wait=0.1),
    ):
        pass


WRITER = """
import sys
from pathlib import Path

import polars as pl
from relparty.graph import register_folder
from relparty.graph.register import Register

folder, stakes = Path(sys.argv[1]), pl.read_parquet(sys.argv[2])
start = max(register_folder.load(folder).table("owns").height, 1)
for number in range(start, stakes.height):
    with register_folder.writing(folder):
        register_folder.save(Register({"owns": stakes.head(number)}), folder)
    print(number, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_the_register_before_or_after(tmp_path):
    """Killed five times while it saves, at moments drawn by a seed; each time the folder reads as a whole version."""
    dice, folder, every = random.Random(3), tmp_path / "register", grown(3000).table("owns")
    every.write_parquet(tmp_path / "stakes.parquet")
    for _ in range(5):
        words = [sys.executable, "-c", WRITER, str(folder), str(tmp_path / "stakes.parquet")]
        writer = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        last = int(writer.stdout.readline())
        time.sleep(dice.random() / 4)
        writer.kill()
        last = max([last, *map(int, writer.communicate()[0].split())])
        held = register_folder.load(folder).table("owns")

        assert held.height in {last, last + 1}
        assert held.equals(every.head(held.height))
