"""What a run was made from: the hashes that name it, and by which it can be remade."""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path

from . import __version__
from .graph import register_folder
from .graph.configuration import Configuration
from .graph.results import Run
from .graph.schema import dictionary_hash
from .graph.snapshot import Snapshot

HERE = Path(__file__).parent
ROOMS = ("graph", "loaders", "gnn")
RULES = ("graph/rules.py", "graph/limit_rules.py", "gnn/task.py")  # thresholds, limits, the definition of default
LIBRARIES = ("numpy", "polars", "torch")  # a figure's last bit is theirs
PLACES = {"home", "store", "user", "database", "ca_file", "password", "password_file"}  # where, not what
ON_LOADING = {"persons"}  # what it did lies in the register
OF_THE_REGISTER = "register"  # the one hash that later knowledge changes; the day's snapshot says what was used of it


def run_of(kind: str, snapshot: Snapshot, by: str, config: Configuration, also: Mapping[str, str] | None = None) -> Run:
    """The run of a model or rule set on a snapshot, named by what went in: the same again is the same run.

    `also` are hashes of what else went in.
    """
    folder = config.home / "register"
    hashes = inputs(snapshot, config) | dict(also or {})
    made_of = json.dumps([kind, by, hashes], sort_keys=True)
    short = hashlib.sha256(made_of.encode()).hexdigest()[:8]
    hashes |= {OF_THE_REGISTER: register_folder.manifest(folder).hash}
    return Run(f"{kind}-{snapshot.day}-{short}", kind, snapshot.day, by, hashes, register_folder.rows_by_table(folder))


def inputs(snapshot: Snapshot, config: Configuration) -> dict[str, str]:
    """All that decides what a run finds, apart from its model or rule set: each by its hash, libraries by version."""
    return {"snapshot": snapshot.fingerprint} | surroundings(config)


def surroundings(config: Configuration) -> dict[str, str]:
    """The same without the snapshot: what can be compared before a snapshot is rebuilt."""
    settings = config.model_dump(mode="json", exclude=PLACES | ON_LOADING)
    return {
        "settings": _short(json.dumps(settings, sort_keys=True).encode()),
        "rules": _of_files(HERE / name for name in RULES),
        "dictionary": dictionary_hash(),
        "code": _of_files(_code()),
        "libraries": ", ".join([f"python {platform.python_version()}", *_versions()]),
    }


def _versions() -> list[str]:
    return [f"relparty {__version__}", *(f"{name} {version(name)}" for name in LIBRARIES)]


def _code() -> Iterable[Path]:
    """Every file of the package that runs or is asked: what lies beside it in a checkout (tests, docs) is no part."""
    rooms = [path for room in ROOMS for kind in ("*.py", "*.cypher") for path in (HERE / room).rglob(kind)]
    return sorted([*HERE.glob("*.py"), *rooms])


def _of_files(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.relative_to(HERE).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()[:16]


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
