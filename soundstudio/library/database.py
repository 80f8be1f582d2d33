"""The SQLite file: opening it, telling damage from newer versions, transactions."""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import struct
import threading
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from soundstudio.core.errors import LibraryError, StorageError, explain_os_error
from soundstudio.library.schema import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

log = logging.getLogger(__name__)

BUSY_TIMEOUT_S: Final = 5.0
_COMPANIONS: Final = ("-wal", "-shm", "-journal")


class DamagedDatabaseError(Exception):
    """The file is not a database any more."""


class Database:
    """One connection, safe to use from several threads of this process, one at a time."""

    def __init__(self, path: Path) -> None:
        """Open or create. Raises DamagedDatabaseError, LibraryError (newer), StorageError."""
        self.path = path
        self._lock = threading.RLock()
        if damage_mark(path).exists():
            raise DamagedDatabaseError(f"{path} was found to be damaged before")
        _check_length(path)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise explain_os_error(error, f"opening the library in {path.parent}") from error
        self._connection = sqlite3.connect(
            path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
        )
        try:
            with self._explained():
                self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        connection = self._connection
        # Reads the header before anything is written: a newer file must stay as it is.
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        log.debug("library %s has version %d", self.path, version)
        migrate_first = version == 0
        if not migrate_first:
            migrate(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA cache_size = -32768")
        if migrate_first:
            migrate(connection)
        connection.execute("SELECT id FROM clips LIMIT 1").fetchone()
        connection.execute("SELECT rowid FROM clip_words LIMIT 1").fetchone()

    def read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        with self._lock, self._explained():
            return self._connection.execute(statement, values).fetchall()

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of the block, or nothing of it."""
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
            try:
                self._connection.execute("COMMIT")
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Fold the write-ahead log into the file and let go of it."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _explanation(error, self.path) from error


def _explanation(error: sqlite3.Error, path: Path) -> Exception:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return DamagedDatabaseError(f"{path}: {error}")
    if code == sqlite3.SQLITE_FULL:
        return StorageError(
            "The disk is full: the library could not be changed.",
            "Free some space, then try again. Nothing that was there is lost.",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StorageError(
            f"The library in {path.parent} cannot be written to.",
            "Check the folder's permissions and that its disk is not write-protected.",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LibraryError(
            "The library is being used by another program.", "Wait a moment, then try again."
        )
    return LibraryError(f"The library could not be used: {error}.")


def _check_length(path: Path) -> None:
    """Find a file that was cut short; SQLite itself notices only when it gets to the gap."""
    try:
        with path.open("rb") as file:
            header = file.read(100)
            size = file.seek(0, 2)
    except FileNotFoundError:
        return
    except OSError as error:
        raise explain_os_error(error, f"opening the library {path}") from error
    if size == 0:
        return
    if len(header) < 100 or header[:16] != b"SQLite format 3\0":
        raise DamagedDatabaseError(f"{path} does not begin as a database does")
    page_size, counter = struct.unpack(">H", header[16:18])[0], header[24:28]
    pages = struct.unpack(">I", header[28:32])[0]
    page_size = 65536 if page_size == 1 else page_size
    # The count is valid only if it was written together with the change counter.
    is_count_valid = counter == header[92:96]
    if is_count_valid and size < pages * page_size and not _has_log(path):
        raise DamagedDatabaseError(f"{path} has {size} bytes instead of {pages * page_size}")


def _has_log(path: Path) -> bool:
    log_file = path.with_name(path.name + "-wal")
    return log_file.exists() and log_file.stat().st_size > 0


def damage_mark(path: Path) -> Path:
    """The file whose presence says that the database opens but cannot be read."""
    return path.with_name(path.name + "-damaged")


def was_left_open(path: Path) -> bool:
    """True if the last process did not close the database, or another one has it open."""
    return path.with_name(path.name + "-wal").exists()


def keep_aside(path: Path) -> Path:
    """Move a damaged database and its companions to a dated name beside it. Raises StudioError."""
    stamp = datetime.now().strftime("%Y-%m-%d %H%M%S")
    aside = path.with_name(f"{path.stem} damaged {stamp}{path.suffix}")
    count = 1
    while aside.exists():
        aside = path.with_name(f"{path.stem} damaged {stamp} {count}{path.suffix}")
        count += 1
    try:
        path.rename(aside)
        damage_mark(path).unlink(missing_ok=True)
        for ending in _COMPANIONS:
            companion = path.with_name(path.name + ending)
            if companion.exists():
                companion.rename(aside.with_name(aside.name + ending))
    except OSError as error:
        raise explain_os_error(error, f"keeping the damaged library as {aside.name}") from error
    return aside


def salvage(aside: Path) -> list[tuple[str, str, int, int, str, int]]:
    """(path, name, favourite, rating, tags, trashed) of what a damaged database still gives."""
    rows: list[tuple[str, str, int, int, str, int]] = []
    try:
        connection = sqlite3.connect(f"{aside.as_uri()}?mode=ro", uri=True)
    except sqlite3.Error:
        return rows
    try:
        rows.extend(
            connection.execute("SELECT path, name, favourite, rating, tags, trashed FROM clips")
        )
    except (sqlite3.Error, ValueError) as error:
        log.info("%s gives no more: %s", aside, error)
    finally:
        connection.close()
    return rows
