"""The house: who imports whom, what an installed relparty puts where, how fast help answers."""

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("graph", "loaders", "gnn")


def imports(path: Path) -> set[str]:
    """The top-level names of other distributions that a file imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names.add(node.module.split(".")[0])
    return names


def importers(package: str) -> set[str]:
    files = [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    return {path.relative_to(ROOT).as_posix() for path in files if package in imports(path)}


def test_neo4j_is_imported_in_one_file():
    assert importers("neo4j") == {"graph/store.py"}


def test_the_embedded_server_is_imported_in_its_child_alone():
    assert importers("arcadedb_embedded") == {"graph/embedded_server.py"}


def test_torch_is_imported_in_one_room():
    assert {path.split("/")[0] for path in importers("torch") | importers("torch_geometric")} == {"gnn"}


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("relparty.cli", ("polars", "numpy", "scipy", "neo4j", "torch", "rich", "pydantic")),
        ("relparty.graph", ("neo4j", "torch", "jpype")),
        ("relparty.graph.register", ("neo4j", "torch", "jpype")),
    ],
)
def test_importing_stays_light(module, absent):
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & set({absent!r})))"

    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd="/")

    assert found.stdout.split() == []


def test_a_wheel_puts_only_relparty_into_site_packages_and_ships_the_questions(tmp_path):
    source = tmp_path / "source"
    left_out = shutil.ignore_patterns(".*", "build", "relparty-data", "demo", "*.egg-info", "__pycache__")
    shutil.copytree(ROOT, source, ignore=left_out)
    built = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(source)]
    subprocess.run(built, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")

    names = zipfile.ZipFile(wheel).namelist()

    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"relparty"}
    assert any(name.startswith("relparty/graph/cypher/") and name.endswith(".cypher") for name in names)
    assert not [name for name in names if "/tests/" in name or "/benchmarks/" in name]


def test_every_distribution_that_is_imported_is_named_in_the_project():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = [name for extra in named["optional-dependencies"].values() for name in extra]
    wanted = {name.split(">")[0].replace("-", "_").lower() for name in [*named["dependencies"], *extras]}
    files = [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]
    imported = set().union(*(imports(path) for path in files)) - set(sys.stdlib_module_names) - {"relparty"}

    renamed = {"sklearn": "scikit_learn", "pydantic": "pydantic_settings"}
    assert {renamed.get(name, name) for name in imported} <= wanted


def test_no_file_and_no_function_outgrows_the_house():
    """Files have at most 400 lines, functions at most 60 without their docstring."""
    for path in [*ROOT.glob("*.py"), *(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))]:
        text = path.read_text(encoding="utf-8")
        assert text.count("\n") <= 400, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                body = node.body[1:] if ast.get_docstring(node) else node.body
                assert not body or (node.end_lineno or 0) - body[0].lineno < 60, f"{path}:{node.lineno}"
