"""What a store needs of a database."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

import sqlalchemy as sa

#: Added to messages about a database that failed.
KEPT = "what is finished is kept"


class Database(ABC):
    """A database with the tables of a store."""

    #: Statement that begins a transaction with changes.
    begin = "BEGIN"

    @property
    def path(self) -> Path | None:
        """The file of the store; None for a server."""
        return None

    @property
    @abstractmethod
    def shown(self) -> str:
        """The database in messages, without a password."""

    def connect(self, *, create: bool) -> sa.Connection:
        """Connect to the store, and bring an earlier schema to this version's.

        A statement outside `transaction` takes effect at once.

        Args:
            create: whether to make the tables if there are none.

        Raises:
            StoreError: the database cannot be used, or holds no store of this version or an
                earlier one.
        """
        with self.translated(), ExitStack() as stack:
            connection = stack.enter_context(self._connected(create))
            self._check(connection, create)
            stack.pop_all()  # the caller closes it
        return connection

    @abstractmethod
    def _connected(self, create: bool) -> sa.Connection:
        """Connect to the database, whatever it holds."""

    @abstractmethod
    def _check(self, connection: sa.Connection, create: bool) -> None:
        """Create the tables if there are none, or check and upgrade a complete store."""

    @abstractmethod
    def translated(self) -> AbstractContextManager[None]:
        """Context that turns errors of the database into a StoreError with advice."""

    @abstractmethod
    def statement(self, text: str) -> str:
        """A command line for the shell that runs an SQL statement on the database."""

    @abstractmethod
    def size_bytes(self, connection: sa.Connection) -> int:
        """Size of the whole store."""

    @contextmanager
    def transaction(self, connection: sa.Connection) -> Iterator[sa.Connection]:
        """Context in which all changes are made, or none."""
        with self.translated():
            connection.exec_driver_sql(self.begin)
            try:
                yield connection
                connection.exec_driver_sql("COMMIT")
            except BaseException:
                self.roll_back(connection)
                raise

    def roll_back(self, connection: sa.Connection) -> None:
        """Undo the changes of the current transaction.

        If an interrupt or a lost server ended the connection, it has undone them.
        """
        if not connection.invalidated:
            connection.exec_driver_sql("ROLLBACK")
