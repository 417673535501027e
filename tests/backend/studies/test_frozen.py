"""What a study recorded is kept by the database itself, whatever program asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import IntegrityError, connection, transaction

from backend.core import triggers
from tests.backend.studies import load

pytestmark = pytest.mark.django_db

# One column of each that somebody could want to change.
TABLES = {
    "allocation_seal": "algorithm",
    "allocation_assignment": "arm",
    "studies_rating": "value",
    "studies_timeevent": "at",
    "studies_commitment": "sha256",
    "studies_signature": "name",
    "studies_deviation": "text",
}


@pytest.fixture
def guarded() -> Iterator[None]:
    """The triggers as ``migrate`` leaves them; the tests do without, to empty the tables."""
    triggers.install(connection)
    yield
    triggers.remove(connection)


@pytest.mark.parametrize(("table", "column"), TABLES.items())
def test_history_is_neither_changed_nor_deleted(guarded: None, table: str, column: str) -> None:
    load.finish_one()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        assert cursor.fetchone()[0] > 0
        for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                cursor.execute(statement)
