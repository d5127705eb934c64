"""Small inputs with right answers, one JSON each: every file below the folder given by --cases is computed and compared.

Adding a folder: a module with INPUTS (the keys of its inputs), KEYS (the keys that it answers) and `answered`.
"""

import json
from pathlib import Path
from typing import Any

import pytest

from . import case_contagion, case_groups, case_ownership
from .case_files import TOLERANCE, expected, unknown_keys

FOLDERS: dict[str, Any] = {"ownership": case_ownership, "groups": case_groups, "contagion": case_contagion}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test a file; a folder that isn't there has none."""
    if "case_file" in metafunc.fixturenames:
        folder = Path(metafunc.config.getoption("--cases"))
        files = [path for name in FOLDERS for path in sorted((folder / name).glob("**/*.json"))]
        metafunc.parametrize("case_file", files, ids=[f"{path.parent.name}/{path.stem}" for path in files])


def test_case(case_file: Path, pytestconfig: pytest.Config) -> None:
    case = json.loads(case_file.read_text(encoding="utf-8"))
    kind = case_file.relative_to(pytestconfig.getoption("--cases")).parts[0]
    module = FOLDERS[kind]

    assert not unknown_keys(case, module.INPUTS, module.KEYS)
    assert module.answered(case, expected(case), case.get("tolerance", TOLERANCE)) == []


@pytest.mark.parametrize(
    ("folder", "case"),
    [
        ("ownership", {"edges": [], "expect": {"controll": {}}}),
        ("ownership", {"edges": [], "owns": [], "expect": {}}),
        ("groups", {"regime": "eba", "depend": [], "expect": {}}),
    ],
)
def test_a_key_that_nobody_computes_is_an_error(folder, case):
    assert len(unknown_keys(case, FOLDERS[folder].INPUTS, FOLDERS[folder].KEYS)) == 1
