"""The database's tables and how older ones become the newest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from soundstudio.core.errors import LibraryError

if TYPE_CHECKING:
    import sqlite3

# Each entry leads from the version of its index to the next. Never edit one that was released.
MIGRATIONS: Final = (
    """
    CREATE TABLE clips (
        id INTEGER PRIMARY KEY,
        path TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        created_at TEXT NOT NULL,
        request TEXT,
        prompt TEXT NOT NULL,
        variation_seed INTEGER NOT NULL,
        model_title TEXT NOT NULL,
        model_licence TEXT NOT NULL,
        device TEXT NOT NULL,
        dtype TEXT NOT NULL,
        sample_rate INTEGER NOT NULL,
        duration_s REAL NOT NULL,
        channels INTEGER NOT NULL,
        peak_db REAL NOT NULL,
        true_peak_db REAL NOT NULL,
        rms_db REAL NOT NULL,
        lufs REAL,
        favourite INTEGER NOT NULL,
        rating INTEGER NOT NULL,
        tags TEXT NOT NULL,
        notes TEXT NOT NULL,
        trashed INTEGER NOT NULL
    );
    CREATE INDEX clips_by_age ON clips (trashed, id);
    CREATE INDEX clips_favourite ON clips (trashed, id) WHERE favourite;
    CREATE INDEX clips_by_name ON clips (trashed, name COLLATE NOCASE, id);
    CREATE INDEX clips_by_rating ON clips (trashed, rating, id);
    CREATE INDEX clips_by_duration ON clips (trashed, duration_s, id);
    CREATE VIRTUAL TABLE clip_words USING fts5 (
        name, prompt, tags, model_title,
        content='clips', content_rowid='id',
        tokenize='unicode61 remove_diacritics 2', prefix='1 2 3'
    );
    CREATE TRIGGER clips_inserted AFTER INSERT ON clips BEGIN
        INSERT INTO clip_words (rowid, name, prompt, tags, model_title)
        VALUES (new.id, new.name, new.prompt, new.tags, new.model_title);
    END;
    CREATE TRIGGER clips_deleted AFTER DELETE ON clips BEGIN
        INSERT INTO clip_words (clip_words, rowid, name, prompt, tags, model_title)
        VALUES ('delete', old.id, old.name, old.prompt, old.tags, old.model_title);
    END;
    CREATE TRIGGER clips_reworded AFTER UPDATE OF name, prompt, tags, model_title ON clips BEGIN
        INSERT INTO clip_words (clip_words, rowid, name, prompt, tags, model_title)
        VALUES ('delete', old.id, old.name, old.prompt, old.tags, old.model_title);
        INSERT INTO clip_words (rowid, name, prompt, tags, model_title)
        VALUES (new.id, new.name, new.prompt, new.tags, new.model_title);
    END;
    """,
    """
    ALTER TABLE clips ADD COLUMN clap_score REAL;
    CREATE INDEX clips_by_clap ON clips (trashed, clap_score, id);
    """,
)
SCHEMA_VERSION: Final = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the tables to the newest version, one transaction a step.

    Raises LibraryError, having touched nothing, if a newer application wrote them.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise LibraryError(
            "The library was written by a newer version of Sound Studio.",
            "Update Sound Studio. Nothing was changed.",
        )
    while version < SCHEMA_VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done this step while we waited for the lock.
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version < SCHEMA_VERSION:
                for statement in _statements(MIGRATIONS[version]):
                    connection.execute(statement)
                version += 1
                connection.execute(f"PRAGMA user_version = {version}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _statements(script: str) -> list[str]:
    """The statements of a script one by one: `executescript` would commit in between."""
    import sqlite3

    statements, buffer = [], ""
    for line in script.splitlines(keepends=True):
        buffer += line
        if sqlite3.complete_statement(buffer):
            statements.append(buffer)
            buffer = ""
    return statements
