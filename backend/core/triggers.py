"""History that the database itself keeps: rows that no statement of any program may change.

Installed after every ``migrate``, because SQLite drops triggers when a migration rebuilds a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Frozen:
    """A table, the act that is refused, and the columns it is refused for (none: all)."""

    table: str
    act: str
    columns: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return f"{self.table}_no_{self.act.lower()}"


def _append_only(table: str) -> tuple[Frozen, ...]:
    return tuple(Frozen(table, act) for act in ("UPDATE", "DELETE", "TRUNCATE"))


FROZEN = (
    *_append_only("audit_event"),
    # What a study promised, what was answered, and who signed it.
    *_append_only("allocation_seal"),
    *_append_only("allocation_assignment"),
    *_append_only("studies_rating"),
    *_append_only("studies_timeevent"),
    *_append_only("studies_commitment"),
    *_append_only("studies_signature"),
    *_append_only("studies_deviation"),
    Frozen(
        "planning_plan",
        "UPDATE",
        (
            "request",
            "document",
            "sha256",
            "correction_deg",
            "revision",
            "bone_set_id",
            "case_id",
            "author_id",
            "reason",
            "created_at",
        ),
    ),
    Frozen("planning_plan", "DELETE"),
    Frozen("planning_plansolids", "UPDATE"),
    Frozen("planning_filmreading", "UPDATE"),
    Frozen("exports_guide", "UPDATE"),
    Frozen("exports_guidetrial", "UPDATE"),
    *_append_only("exports_guidesignature"),
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Refuse from now on; installing twice does no harm."""
    remove(connection)
    with connection.cursor() as cursor:
        for frozen in FROZEN:
            for statement in _statements(frozen, connection.vendor):
                cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Allow again, for whoever has to repair something by hand and will explain it."""
    on_table = " ON {table}" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        for frozen in FROZEN:
            cursor.execute(f"DROP TRIGGER IF EXISTS {frozen.name}{on_table.format(table=frozen.table)}")


def _statements(frozen: Frozen, vendor: str) -> list[str]:
    of = f" OF {', '.join(frozen.columns)}" if frozen.columns else ""
    event = f"BEFORE {frozen.act}{of} ON {frozen.table}"
    words = f"{frozen.table} is append-only"
    if vendor == "sqlite":
        if frozen.act == "TRUNCATE":
            return []  # SQLite knows no such statement
        return [f"CREATE TRIGGER {frozen.name} {event} BEGIN SELECT RAISE(ABORT, '{words}'); END"]
    each = "STATEMENT" if frozen.act == "TRUNCATE" else "ROW"
    return [
        f"CREATE OR REPLACE FUNCTION {frozen.name}() RETURNS trigger AS "
        f"$$ BEGIN RAISE EXCEPTION '{words}' USING ERRCODE = 'integrity_constraint_violation'; END $$ "
        "LANGUAGE plpgsql",
        f"CREATE TRIGGER {frozen.name} {event} FOR EACH {each} EXECUTE FUNCTION {frozen.name}()",
    ]


def install_after_migrate(using: str, **kwargs: Any) -> None:
    """Signal handler; waits until all the tables are there."""
    connection = connections[using]
    if {frozen.table for frozen in FROZEN} <= set(connection.introspection.table_names()):
        install(connection)
