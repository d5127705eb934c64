"""Prints the dictionary and the help of every command into the manual; --check fails where a page is stale."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click
from relparty.cli import main as relparty
from relparty.graph.fields import FIELDS, Field
from relparty.graph.overrides import OVERRIDE, REQUIRED
from relparty.graph.schema import (
    CHANNELS,
    GROUP_RESULTS,
    MEANINGS,
    RESULTS,
    SHARED_PERSON,
    STRESS_RESULTS,
    TABLES,
    Table,
)
from relparty.graph.ties import FACTS

HERE = Path(__file__).parent


def dictionary() -> str:
    """The page with every table, field, channel and result."""
    lines = ["# The dictionary", "", "Printed from graph/schema.py and graph/fields.py by `make docs`; don't edit.", ""]
    lines += [
        "Every file may be CSV or Parquet, may be absent, and may have more columns. **Bold** fields are the key."
    ]
    lines += ["An empty cell is missing, never zero.", ""]
    for table in TABLES.values():
        lines += _table(table)
    lines += ["## Channels", "", "| channel | runs over | who fails | what happens |", "|---|---|---|---|"]
    lines += [f"| {c.name} | {c.table} | {c.fails} | {c.meaning} |" for c in CHANNELS]
    lines += [f"| {SHARED_PERSON} | {', '.join(FACTS)} | either firm | {MEANINGS[SHARED_PERSON]}; no money |"]
    lines += _overrides()
    for title, specs in (
        ("Results on a firm", RESULTS),
        ("Results on groups, members and firms", GROUP_RESULTS),
        ("Results of stress tests", STRESS_RESULTS),
    ):
        lines += ["", f"## {title}", "", "| property | unit | meaning |", "|---|---|---|"]
        lines += [f"| {spec.name} | {spec.unit} | {spec.meaning} |" for spec in specs]
    return "\n".join(lines) + "\n"


def _overrides() -> list[str]:
    said = "Read by `relparty score`, never loaded. **Bold** columns are filled; so are party_id, or scheme and value."
    names = {spec.name: f"**{spec.name}**" if spec.name in REQUIRED else spec.name for spec in OVERRIDE}
    rows = [f"| {names[spec.name]} | {spec.kind} | {spec.unit} | {spec.meaning} |" for spec in OVERRIDE]
    return ["", "## overrides.csv", "", said, "", "| column | kind | unit | meaning |", "|---|---|---|---|", *rows]


def _table(table: Table) -> list[str]:
    shown = f"`{table.link.type}` {table.link.source} → {table.link.target}. " if table.link else ""
    lag = f"Without recorded_on known {table.lag} days after valid_from. " if table.lag else ""
    lines = [
        f"## {table.name}",
        "",
        f"{shown}{lag}".strip(),
        "",
        "| column | kind | unit | range | default | meaning |",
    ]
    lines += ["|---|---|---|---|---|---|"]
    lines += [_row(table, FIELDS[name]) for name in table.columns]
    return [*lines, ""]


def _row(table: Table, spec: Field) -> str:
    heading = table.headings.get(spec.name, spec.name)
    name = f"**{heading}**" if spec.name in table.key else heading
    ends = "" if spec.low == -float("inf") and spec.high == float("inf") else f"{spec.low:g} to {spec.high:g}"
    choices = ", ".join(table.choices.get(spec.name, ()))
    default = str(table.defaults.get(spec.name, "")).lower()
    meaning = f"{spec.meaning} ({choices})" if choices else spec.meaning
    return f"| {name} | {spec.kind} | {spec.unit} | {ends} | {default} | {meaning} |"


def commands() -> str:
    """The page with the help of every command."""
    lines = ["# Commands", "", "Printed from cli.py by `make docs`; don't edit.", ""]
    context = click.Context(relparty, info_name="relparty", max_content_width=100, terminal_width=100)
    lines += ["```", relparty.get_help(context), "```", ""]
    for name, command in sorted(relparty.commands.items()):
        lines += _command(name, command, context)
    return "\n".join(lines)


def _command(name: str, command: click.Command, parent: click.Context) -> list[str]:
    """The help of a command, and of those inside it."""
    context = click.Context(command, info_name=name, parent=parent, max_content_width=100, terminal_width=100)
    title = context.command_path.removeprefix("relparty ")
    lines = [f"## {title}", "", "```", command.get_help(context), "```", ""]
    inside = command.commands if isinstance(command, click.Group) else {}
    for inner, each in sorted(inside.items()):
        lines += _command(inner, each, context)
    return lines


def pages() -> Iterator[tuple[Path, str]]:
    """Each generated page and what it should hold."""
    yield HERE / "dictionary.md", dictionary()
    yield HERE / "commands.md", commands()


def main() -> int:
    """Writes the pages, or with --check tells which are stale."""
    stale = [path for path, text in pages() if not path.exists() or path.read_text(encoding="utf-8") != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            sys.stderr.write(f"{path.name} is stale: run 'make docs'\n")
        return int(bool(stale))
    for path, text in pages():
        path.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
