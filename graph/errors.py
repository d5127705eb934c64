"""The exceptions of relparty, under one base. The command line turns each into one line and an exit code."""


class RelpartyError(Exception):
    """Anything that a user can mend; its text says where, what, which, and what now."""

    exit_code = 1


class UsageError(RelpartyError):
    """The command was called with something that does not exist: a file, a question, an option."""

    exit_code = 2


class DataError(RelpartyError):
    """Data that breaks the dictionary or a rule; nothing was loaded or published."""

    exit_code = 3


class StoreError(RelpartyError):
    """The graph database is down, refuses the login, or is held by another writer."""

    exit_code = 4


class NotSettled(DataError):  # noqa: N818 (what happened, in the words of the style guide)
    """An iteration still moved when its rounds were used up; its text says by how much, and what to do."""
