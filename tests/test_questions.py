"""The saved questions: words of the dictionary, parameters only, a label on every first match, an answer on both servers."""

import re

import pytest
from relparty.graph.errors import DataError, UsageError
from relparty.graph.fields import FIELDS
from relparty.graph.questions import Question, asked, listed, questions
from relparty.graph.results import Run
from relparty.graph.schema import CHANNELS, LINKS, RESULTS
from relparty.graph.snapshot import Snapshot
from relparty.graph.store import Store
from relparty.graph.stored import KIND_LABELS, NODE_LABELS, PARTS

from .scores import scores
from .snapshots import DAY, frame, parties

EVERY = sorted(questions().values(), key=lambda each: each.name)
LABELS = {"Party", "Group", *KIND_LABELS.values(), *NODE_LABELS.values()}
TYPES = {"MEMBER_OF", "HAS_REVIEW", "REVIEWS", *(table.link.type for table in LINKS.values() if table.link)}
PROPERTIES = {*FIELDS, *(spec.name for spec in RESULTS), *PARTS["parties"].columns}
named = pytest.mark.parametrize("question", EVERY, ids=lambda each: each.name)


def _code(question: Question) -> str:
    return "\n".join(line for line in question.text.splitlines() if not line.startswith("//"))


@named
def test_a_question_speaks_the_dictionarys_words(question: Question) -> None:
    code = re.sub(r"'[^']*'", "''", _code(question))

    assert set(re.findall(r"\b[a-z]\w*\.(\w+)", code)) <= PROPERTIES
    assert set(re.findall(r"\(\w*:(\w+)", code)) <= LABELS
    assert {each for found in re.findall(r"\[\w*:([\w|]+)\]", code) for each in found.split("|")} <= TYPES


@named
def test_a_question_starts_at_a_label_and_takes_values_as_parameters(question: Question) -> None:
    code = _code(question)
    first = re.search(r"MATCH \((\w+)(:\w+)?", code)

    assert first is not None
    assert first[2]
    assert set(re.findall(r"\$(\w+)", code)) == set(question.parameters)
    assert question.answers.endswith("?")
    assert not re.search(r"\b(apoc|gds)\.|SHORTEST 1", code)


def test_there_are_fourteen_questions_and_all_are_listed() -> None:
    assert len(EVERY) >= 14
    assert listed()["question"].to_list() == [each.name for each in EVERY]


def test_every_channel_has_a_column_in_the_neighbourhood() -> None:
    text = questions()["neighbourhood"].text

    assert all(f"r.risk_contagion_{channel.name} AS {channel.name}" in text for channel in CHANNELS)


@pytest.fixture
def scored(store: Store) -> Store:
    """A guarantees B's debt of 70 and sells to it; B and C have been scored twice."""
    rows = {
        "guarantees": frame(
            "guarantees", [{"contract_id": "007", "source_row": 0, "target_row": 1, "amount": 70.0, "source": "s"}]
        ),
        "supplies": frame(
            "supplies", [{"contract_id": "", "source_row": 0, "target_row": 1, "receivable": 5.0, "source": "s"}]
        ),
    }
    store.write(Snapshot(DAY, parties("A", "B", "C"), rows))
    links = [("A", "B", "guarantees", ["007"], "guarantee_call", 0.2)]
    store.publish(Run("run-1", "score", DAY), scores(["A", "B", "C"], [0.1, 0.2, 0.3]))
    store.publish(
        Run("run-2", "score", DAY), scores(["A", "B", "C"], [0.5, 0.2, 0.3], contagion=[0.4, 0.0, 0.0], links=links)
    )
    return store


def _ask(store: Store, name: str, *given: str) -> list[tuple[object, ...]]:
    text, parameters, _ = asked(name, given)
    return store.ask(text, parameters).rows


def test_the_questions_answer(scored: Store) -> None:
    assert [row[0] for row in _ask(scored, "riskiest", "limit=2")] == ["A", "C"]
    assert [(row[0], row[4]) for row in _ask(scored, "changes")] == [("A", 0.4)]
    assert [(row[0], row[4]) for row in _ask(scored, "mostly_contagion")] == [("A", 0.8)]
    assert _ask(scored, "guarantees_called", "party_id=B")[0][:4] == ("007", "A", None, 70.0)
    assert [(row[0], row[2], row[3]) for row in _ask(scored, "who_depends_on", "party_id=B")] == [
        ("A", "guarantees its debt", 70.0), ("A", "sells to it", 5.0)]  # fmt: skip
    links = _ask(scored, "neighbourhood", "party_id=A")
    assert [(row[0], row[1], row[2], row[5]) for row in links] == [
        ("GUARANTEES", "out", "B", 0.2), ("SUPPLIES", "out", "B", None)]  # fmt: skip


def test_a_store_without_a_run_has_no_answer(store: Store) -> None:
    store.write(Snapshot(DAY, parties("A")))

    with pytest.raises(DataError, match="No complete run"):
        _ask(store, "riskiest")


@pytest.mark.parametrize(("question", "given", "told"), [
    ("riskyest", (), "no saved question of that name. Did you mean riskiest"),
    ("riskiest", ("limits=3",), "no parameter limits"),
    ("riskiest", ("limit=many",), "limit is 'many'"),
    ("riskiest", ("limit",), "Write -p NAME=VALUE"),
    ("neighbourhood", (), "needs party_id"),
])  # fmt: skip
def test_a_wrong_question_says_what_would_be_right(question: str, given: tuple[str, ...], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        asked(question, given)


def test_an_id_of_digits_stays_text() -> None:
    assert asked("neighbourhood", ("party_id=007",))[1]["party_id"] == "007"
