"""One writer at a time: a lease in the store that runs out by itself when its holder is killed."""

import getpass
import os
import platform
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from .bolt import Connection, Statements
from .errors import StoreError

LEASE_SECONDS = 60.0
ASK_AGAIN_SECONDS = 0.25
# `asked` takes the node's write lock before its end is read, so that of two who ask at once one waits.
_TAKE = """
MERGE (l:Lock {name: 'writer'}) SET l.asked = timestamp()
WITH l WHERE l.until IS NULL OR l.until < timestamp()
SET l.holder = $holder, l.token = $token, l.since = timestamp(), l.until = timestamp() + $millis
RETURN l.token AS token
"""
_RENEW = """
MATCH (l:Lock {name: 'writer'}) WHERE l.token = $token SET l.until = timestamp() + $millis RETURN l.token AS token
"""
_RELEASE = "MATCH (l:Lock {name: 'writer'}) WHERE l.token = $token REMOVE l.holder, l.token, l.since, l.until"
_HOLDER = "MATCH (l:Lock {name: 'writer'}) RETURN l.holder AS holder, l.since AS since"


@dataclass(frozen=True)
class Lease:
    """The right to write, for `seconds` from its last renewal."""

    token: str
    seconds: float

    def renew(self, statements: Statements) -> None:
        """Matches the lease and lengthens it; the first statement of a writing transaction, or the last.

        Raises:
            StoreError: it ran out and another writer took it.
        """
        if not statements.run(_RENEW, token=self.token, millis=int(self.seconds * 1000)):
            raise StoreError(f"The lease ran out, taken by {holder(statements)}. Nothing more was written; run again.")

    def release(self, connection: Connection) -> None:
        """Lets the next writer in."""
        connection.run(_RELEASE, token=self.token)


def take(connection: Connection, wait: float, seconds: float = LEASE_SECONDS) -> Lease:
    """The lease, once its holder lets go or it runs out.

    Args:
        wait: seconds to wait for it.
        seconds: how long it holds without renewal.

    Raises:
        StoreError: it is still held after `wait`; names holder and since when.
    """
    lease = Lease(secrets.token_hex(8), seconds)
    deadline = time.monotonic() + wait
    while not connection.run(_TAKE, holder=_me(), token=lease.token, millis=int(seconds * 1000)):
        if time.monotonic() > deadline:
            raise StoreError(f"The store is held by {holder(connection)}, after --wait {wait:g} s. Try again later.")
        time.sleep(ASK_AGAIN_SECONDS)
    return lease


def holder(statements: Statements) -> str:
    """Who holds the lease and since when, for a message."""
    found = statements.run(_HOLDER)
    if not found or found[0]["since"] is None:
        return "nobody"
    since = datetime.fromtimestamp(found[0]["since"] / 1000, UTC)
    return f"{found[0]['holder']} since {since:%Y-%m-%d %H:%M:%S} UTC"


def _me() -> str:
    return f"{getpass.getuser()} on {platform.node()}, process {os.getpid()}"
