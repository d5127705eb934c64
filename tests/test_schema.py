"""The dictionary: one name, one meaning, everywhere the same."""

import re
from itertools import chain

import pytest
from relparty.graph.fields import FIELDS, Kind, Role
from relparty.graph.schema import (
    CHANNELS,
    GROUP_RESULTS,
    KINDS,
    LINKS,
    RESULTS,
    SNAPSHOT_TABLES,
    STRESS_RESULTS,
    TABLES,
    dictionary_hash,
)


def test_every_column_of_every_table_is_a_field_of_the_dictionary():
    used = set(chain.from_iterable(table.columns for table in TABLES.values()))

    assert used <= set(FIELDS)


def test_every_field_is_used_by_a_table_a_snapshot_or_a_result():
    used = set(chain.from_iterable(table.columns for table in TABLES.values()))
    results = {spec.name for spec in (*RESULTS, *GROUP_RESULTS, *STRESS_RESULTS)}

    assert set(FIELDS) - used - results == {"file", "line", "aliases"}


def test_only_results_carry_a_prefix_of_results():
    for spec in FIELDS.values():
        assert spec.name.startswith(("risk_", "stress_", "scenario_", "group_")) == (spec.role is Role.RESULT)


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())
def test_a_table_is_consistent(table):
    """Keys are written as text or days; defaults and choices belong to its columns."""
    assert len(set(table.columns)) == len(table.columns)
    assert all(FIELDS[name].kind in {Kind.ID, Kind.TEXT, Kind.DAY} for name in table.key)
    assert set(table.defaults) | set(table.choices) | set(table.headings) <= set(table.columns)
    assert all(value in table.choices.get(name, (value,)) for name, value in table.defaults.items())


def test_relationship_types_are_sentences_and_no_two_are_the_same():
    types = [table.link.type for table in LINKS.values() if table.link]

    assert len(set(types)) == len(types)
    assert all(re.fullmatch("[A-Z]+(_[A-Z]+)*", name) for name in types)


def test_every_channel_runs_over_a_link_and_has_its_result():
    names = {spec.name for spec in RESULTS}

    assert all(channel.table in LINKS for channel in CHANNELS)
    assert all(f"risk_contagion_{name}" in names for name in KINDS)


def test_a_snapshot_holds_no_result():
    for table in SNAPSHOT_TABLES.values():
        assert not [name for name in table.snapshot_schema if name in {spec.name for spec in RESULTS}]


def test_forbidden_words_name_nothing():
    words = {"entity", "data", "info", "item", "obj", "manager", "helper", "utils", "process", "handle", "node", "edge"}

    assert not [name for name in FIELDS if words & set(name.split("_"))]


def test_the_dictionary_has_a_name_that_stays():
    assert re.fullmatch("[0-9a-f]{16}", dictionary_hash())
    assert dictionary_hash() == dictionary_hash()
