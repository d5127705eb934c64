"""Store: one snapshot, the present, in a graph database over Bolt. The only file that imports the driver."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from threading import Thread
from typing import Any, Self

import neo4j
import polars as pl
from neo4j.exceptions import AuthError, ClientError, ConfigurationError, DatabaseError, DriverError, Neo4jError

from . import guard, lease, publishing, writing
from .assessment import Assessment
from .bolt import Row, Statements
from .errors import DataError, StoreError, UsageError
from .publishing_groups import publish_groups
from .publishing_stress import publish_stress
from .results import Run, Scores
from .snapshot import Snapshot

WAIT_SECONDS = 120.0
STARTING_SECONDS = 20.0  # ArcadeDB may answer DatabaseUnavailable for so long after its start
GRACE_SECONDS = 2.0
_URL = re.compile(r"(bolt|neo4j)(\+s|\+ssc)?://.")


def _quiet(what: str, done: int, whole: int) -> None:
    """Tells nobody."""


@dataclass(frozen=True)
class Answer:
    """Rows of a query: `columns` names them, `rows` holds plain values, `truncated` says that there are more."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    truncated: bool = False


class Store:
    """A connection to one store. Open it with `Store.connect`, close it or use it in a `with`."""

    def __init__(  # noqa: D107 (see connect)
        self, writer: "_Bolt", reader: "_Bolt | None", url: str, lease_seconds: float
    ) -> None:
        self._writer, self._reader, self._url, self._lease_seconds = writer, reader, url, lease_seconds

    @classmethod
    def connect(  # noqa: PLR0913 (an address has so many parts)
        cls,
        url: str,
        user: str,
        password: str,
        *,
        database: str = "neo4j",
        ca_file: Path | None = None,
        analyst: tuple[str, str] | None = None,
        lease_seconds: float = lease.LEASE_SECONDS,
    ) -> "Store":
        """A store that answered.

        Args:
            url: bolt:// or neo4j://, also with +s or +ssc.
            ca_file: certificates to trust beside the system's.
            analyst: name and password of a user that may only read; ArcadeDB needs one for queries.
            lease_seconds: how long a writer that was killed keeps others out.

        Raises:
            UsageError: no such URL or file. StoreError: nobody answers, or the login is refused.
        """
        writer = _open(url, (user, password), database, ca_file)
        reader = writer if writer.server == "neo4j" else None
        if analyst:
            reader = _open(url, analyst, database, ca_file)
        return cls(writer, reader, url, lease_seconds)

    def close(self) -> None:
        """Ends the connection."""
        for each in {self._writer, self._reader} - {None}:
            each.close()  # type: ignore[union-attr]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def day(self) -> date | None:
        """The day that the store shows; None where nothing was written."""
        with _told(self._url):
            shown = writing.state(self._writer)["day"]
        return date.fromisoformat(shown) if shown else None

    def write(
        self, snapshot: Snapshot, *, wait: float = WAIT_SECONDS, progress: writing.Progress = _quiet
    ) -> dict[str, int]:
        """Makes the store show a snapshot by writing only what differs; again, and nothing changes.

        Args:
            wait: seconds to wait for another writer.
            progress: told what is being written, rows done and rows in all.

        Returns:
            rows `created`, `changed` and `deleted`.

        Raises:
            DataError: the store shows a later day, or a value can't be stored. StoreError: held by another writer.
        """
        with self._writing(wait) as held:
            return writing.write(self._writer, held, snapshot, progress)

    def publish(
        self, run: Run, scores: Scores, *, wait: float = WAIT_SECONDS, progress: writing.Progress = _quiet
    ) -> bool:
        """Brings a run into force, whole or not at all; see graph/publishing.py.

        Returns:
            whether it is in force: a run for a day before the store's is only remembered.
        """
        with self._writing(wait) as held:
            return publishing.publish(self._writer, held, run, scores, progress)

    def publish_groups(
        self, run: Run, assessment: Assessment, *, wait: float = WAIT_SECONDS, progress: writing.Progress = _quiet
    ) -> bool:
        """Brings an assessment into force, whole or not at all; see graph/publishing_groups.py.

        Returns:
            whether it is in force: a run for a day before the store's is only remembered.
        """
        with self._writing(wait) as held:
            return publish_groups(self._writer, held, run, assessment, progress)

    def publish_stress(
        self, run: Run, rows: pl.DataFrame, *, wait: float = WAIT_SECONDS, progress: writing.Progress = _quiet
    ) -> bool:
        """Brings a stress test into force, whole or not at all; see graph/publishing_stress.py.

        Returns:
            whether it is in force: a run for a day before the store's is only remembered.
        """
        with self._writing(wait) as held:
            return publish_stress(self._writer, held, run, rows, progress)

    def snapshot(self) -> Snapshot:
        """The snapshot that the store shows, equal to the one written.

        Raises:
            DataError: nothing was written yet, or the last write did not finish.
        """
        with _told(self._url):
            return guard.undivided(self._present, self._snapshot)

    def runs(self) -> pl.DataFrame:
        """The runs that the store knows, latest day first: run_id, kind, as_of, model_id, in_force."""
        with _told(self._url):
            return publishing.runs(self._writer)

    def query(
        self, text: str, parameters: Mapping[str, object] | None = None, *, limit: int = 10_000, timeout: float = 30.0
    ) -> Answer:
        """What an analyst's Cypher gives: read-only, without files or addresses, and never half of a run.

        Args:
            limit: most rows to return.
            timeout: seconds that the query may take.

        Raises:
            UsageError: the text is no Cypher, or does more than read. StoreError: it took too long.
        """
        with _told(self._url):
            return self._undivided(neo4j.Query(text, timeout=timeout), parameters or {}, limit, self._publications)

    def ask(
        self, text: str, parameters: Mapping[str, object] | None = None, *, limit: int = 10_000, timeout: float = 30.0
    ) -> Answer:
        """What a saved question gives: as `query`, on a store whose last write finished and that has a run in force.

        Raises:
            DataError: the last write did not finish, or no run was published.
        """
        with _told(self._url):
            if self.runs().filter("in_force").is_empty():
                writing.complete(self._writer)
                raise DataError("No complete run in the store. relparty score publishes one.")
            return self._undivided(neo4j.Query(text, timeout=timeout), parameters or {}, limit, self._present)

    def _undivided(
        self, query: neo4j.Query, parameters: Mapping[str, object], limit: int, marks: Callable[[], Row]
    ) -> Answer:
        reader = self._guarded(query.text)

        def asked() -> Answer:
            with _asked():
                return reader.ask(query, dict(parameters), limit)

        return guard.undivided(marks, asked)

    def _publications(self) -> Row:
        return self._writer.read(guard.PUBLICATIONS)[0]

    def _present(self) -> Row:
        """What must stay the same while something is read that rests on the whole store."""
        return self._publications() | {"shown": writing.complete(self._writer)}

    def _guarded(self, text: str) -> "_Bolt":
        if self._reader is None:
            raise StoreError(
                "This server needs a read-only user to be held to reading. Use Neo4j, or the embedded store."
            )
        if self._reader.server == "neo4j":
            with _asked():
                summary = self._reader.explain(text)
            guard.check_plan(summary.plan, summary.query_type)
        return self._reader

    @contextmanager
    def _writing(self, wait: float) -> Iterator[lease.Lease]:
        with _told(self._url):
            writing.ensure_constraints(self._writer)
            held = lease.take(self._writer, wait, self._lease_seconds)
            try:
                publishing.recover(self._writer, held)
                yield held
            finally:
                with suppress(Neo4jError, DriverError):
                    held.release(self._writer)

    def _snapshot(self) -> Snapshot:
        shown = writing.complete(self._writer)
        return writing.snapshot(self._writer, date.fromisoformat(shown["day"]), shown["currency"])


def _open(url: str, login: tuple[str, str], database: str, ca_file: Path | None) -> "_Bolt":
    if not _URL.match(url):
        raise UsageError(
            f"{url!r} is no store's URL. Write bolt://HOST:7687 or neo4j://HOST:7687, with TLS neo4j+s://."
        )
    trust: dict[str, Any] = {}
    if ca_file is not None:
        if not ca_file.is_file():
            raise UsageError(f"{ca_file}: no such file of certificates.")
        url = url.replace("+ssc", "").replace("+s", "")
        trust = {"encrypted": True, "trusted_certificates": neo4j.TrustCustomCAs(str(ca_file))}
    with _told(url, login[0], database):
        driver = neo4j.GraphDatabase.driver(
            url, auth=login, max_transaction_retry_time=15, notifications_min_severity="OFF", **trust
        )
        try:
            server = "arcadedb" if "ArcadeDB" in _answering(driver, database).agent else "neo4j"
        except BaseException:
            driver.close()
            raise
    return _Bolt(driver, database, server)


def _answering(driver: neo4j.Driver, database: str) -> neo4j.ServerInfo:
    deadline = time.monotonic() + STARTING_SECONDS
    while True:
        try:
            with driver.session(database=database) as session:
                return session.run("RETURN 1").consume().server
        except Neo4jError as error:
            if "DatabaseUnavailable" not in (error.code or "") or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


@contextmanager
def _told(url: str, user: str = "", database: str = "") -> Iterator[None]:
    """Turns the driver's errors into one line of ours; none of them holds the password."""
    try:
        yield
    except ConfigurationError as error:
        raise UsageError(f"{url}: {error}. Write bolt://HOST:7687 or neo4j://HOST:7687.") from error
    except Neo4jError as error:
        code, first = error.code or "", (error.message or "no reason given").strip().splitlines()[0]
        if "DatabaseNotFound" in code:
            raise StoreError(f"{url} has no database {database!r}. Name another --database.") from error
        if isinstance(error, AuthError) and "Forbidden" not in code:
            raise StoreError(f"{url} refuses the login of {user!r}. Check --user and RELPARTY_PASSWORD.") from error
        raise StoreError(f"{url}: {first} ({code}). Nothing of this step was written; run it again.") from error
    except DriverError as error:
        raise StoreError(
            f"No answer from {url} ({type(error).__name__}). Is the server up? See relparty doctor."
        ) from error


@contextmanager
def _asked() -> Iterator[None]:
    """Turns what a server says of an analyst's query into one line."""
    try:
        yield
    except (ClientError, DatabaseError) as error:
        code, first = error.code or "", (error.message or "no reason given").strip().splitlines()[0]
        if "Timed" in code:
            raise StoreError("The query took too long and was ended. Ask for less, or a longer --timeout.") from error
        if "Forbidden" in code:
            raise UsageError("Refused by the server: queries can only read the graph.") from error
        raise UsageError(f"The server refuses the query: {first}") from error


class _Bolt:
    """A connection of graph/bolt.py over the driver."""

    def __init__(self, driver: neo4j.Driver, database: str, server: str) -> None:
        self._driver, self._database, self.server = driver, database, server

    def session(self, **settings: Any) -> neo4j.Session:
        """A session on the store's database: the one place that names it."""
        return self._driver.session(database=self._database, **settings)

    def close(self) -> None:
        """Ends its driver."""
        self._driver.close()

    def read(self, text: str, /, **parameters: object) -> list[Row]:
        """A statement that only reads, without retry."""
        with self.session(default_access_mode=neo4j.READ_ACCESS) as session:
            return [dict(zip(record.keys(), record.values(), strict=True)) for record in session.run(text, parameters)]

    def explain(self, text: str) -> neo4j.ResultSummary:
        """What the server would do."""
        with self.session(default_access_mode=neo4j.READ_ACCESS) as session:
            return session.run(f"EXPLAIN {text}").consume()

    def ask(self, query: neo4j.Query, parameters: dict[str, object], limit: int) -> Answer:
        """The first rows of a query, as plain values; given up when a server does not keep to the time."""
        answers: list[Answer | BaseException] = []

        def work() -> None:
            try:
                with self.session(default_access_mode=neo4j.READ_ACCESS) as session:
                    result = session.run(query, parameters)
                    records = result.fetch(limit + 1)
                    columns = tuple(result.keys())
                    rows = [tuple(_plain(value) for value in record.values()) for record in records[:limit]]
                    answers.append(Answer(columns, rows, len(records) > limit))
            except BaseException as error:  # noqa: BLE001 (raised again below, in the caller's thread)
                answers.append(error)

        asking = Thread(target=work, daemon=True)
        asking.start()
        asking.join((query.timeout or 0) + GRACE_SECONDS)
        if not answers:
            raise StoreError("The query took too long and was given up. Ask for less, or give a longer --timeout.")
        if isinstance(answers[0], BaseException):
            raise answers[0]
        return answers[0]

    def run(self, text: str, /, **parameters: object) -> list[Row]:
        rows: list[Row] = self.together(lambda statements: statements.run(text, **parameters))
        return rows

    def together(self, work: Callable[[Statements], Any]) -> Any:
        with self.session() as session:
            return session.execute_write(lambda transaction: work(_Statements(transaction)))

    @contextmanager
    def transaction(self) -> Iterator["_Statements"]:
        with self.session() as session, session.begin_transaction() as transaction:
            yield _Statements(transaction)


class _Statements:
    """A transaction of graph/bolt.py over the driver's."""

    def __init__(self, transaction: neo4j.ManagedTransaction | neo4j.Transaction) -> None:
        self._transaction = transaction

    def run(self, text: str, /, **parameters: object) -> list[Row]:
        result = self._transaction.run(text, parameters)  # texts come from files and the dictionary
        return [dict(zip(record.keys(), record.values(), strict=True)) for record in result]

    def commit(self) -> None:
        assert isinstance(self._transaction, neo4j.Transaction)
        self._transaction.commit()


def _plain(value: Any) -> Any:
    """A node is its properties with its labels, a link its properties with its type, a day a `date`."""
    if isinstance(value, neo4j.graph.Node):
        return {"labels": sorted(value.labels), **{name: _plain(each) for name, each in value.items()}}
    if isinstance(value, neo4j.graph.Relationship):
        return {"type": value.type, **{name: _plain(each) for name, each in value.items()}}
    if isinstance(value, neo4j.graph.Path):
        return [_plain(each) for each in value.nodes]
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    return value.to_native() if hasattr(value, "to_native") else value
