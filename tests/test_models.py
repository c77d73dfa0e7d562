"""The rules that let one schema run on a single server and, distributed by `uscc`, on Citus."""

from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from service.models import Base
from service.models.base import LOCAL, NAMING, REFERENCE, SUBJECT

PLACEMENTS = {"subject", "reference", "local"}
TABLES = sorted(Base.metadata.tables.values(), key=lambda table: table.name)


def placement(table: Table) -> str:
    return str(table.info.get("placement"))


def broken_rules(table: Table) -> list[str]:
    """Return what in `table` would keep it from being distributed, or from being told apart in an error."""
    found = []
    if placement(table) not in PLACEMENTS:
        found.append("has no placement")
    found += [f"{type(item).__name__} without a name" for item in table.constraints if item.name is None]
    found += ["index without a name" for index in table.indexes if index.name is None]
    for constraint in table.foreign_key_constraints:
        found += broken_reference(table, constraint)
    if placement(table) == "subject":
        found += broken_subject_rules(table)
    return found


def broken_reference(table: Table, constraint: ForeignKeyConstraint) -> list[str]:
    found = []
    target = constraint.referred_table
    allowed = {"subject": {"subject", "reference"}, "reference": {"reference"}, "local": {"local", "reference"}}
    if placement(target) not in allowed.get(placement(table), set()):
        found.append(f"{placement(table)} table refers to {placement(target)} table {target.name}")
    if placement(table) == placement(target) == "subject":
        pairs = [(element.parent.name, element.column.name) for element in constraint.elements]
        if ("uscc", "uscc") not in pairs:
            found.append(f"reference to {target.name} is not by uscc")
    if (constraint.ondelete or "").upper() in {"SET NULL", "SET DEFAULT"}:
        found.append(f"reference to {target.name} sets its key on delete")
    if constraint.onupdate is not None:
        found.append(f"reference to {target.name} acts on update")
    return found


def broken_subject_rules(table: Table) -> list[str]:
    found = []
    key = table.columns.get("uscc")
    if key is None:
        return ["has no uscc"]
    if not isinstance(key.type, Text) or key.nullable or key.computed is not None:
        found.append("uscc is not a plain text NOT NULL")
    uniques: list[tuple[str, list[str]]] = [("primary key", [column.name for column in table.primary_key])]
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            uniques.append((str(constraint.name), [column.name for column in constraint.columns]))
        if isinstance(constraint, ExcludeConstraint):
            uniques.append((str(constraint.name), [column.name for column in constraint.columns]))
    uniques += [
        (str(index.name), [getattr(part, "name", "") for part in index.expressions])
        for index in table.indexes
        if index.unique
    ]
    found += [f"{name} does not hold uscc" for name, columns in uniques if "uscc" not in columns]
    for column in table.columns:
        if column.identity is not None or column.autoincrement is True or "nextval" in str(column.server_default):
            found.append(f"{column.name} takes its values from a sequence")
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_keeps_the_rules(table: Table) -> None:
    assert broken_rules(table) == []


def test_heads_check_the_shape_of_the_key() -> None:
    heads = [table for table in TABLES if table.name in {"subject", "penalty", "blacklist_entry"}]
    assert len(heads) == 3
    for table in heads:
        checks = [item.name for item in table.constraints if isinstance(item, CheckConstraint)]
        assert f"ck_{table.name}_uscc_shape" in checks


def test_every_record_has_one_current_version() -> None:
    versions = [table for table in TABLES if table.name.endswith("_version") and placement(table) == "subject"]
    known = {"subject_version", "penalty_version", "blacklist_entry_version", "credit_record_version"}
    assert {table.name for table in versions} == known
    for table in versions:
        (current,) = [index for index in table.indexes if index.name == f"uq_{table.name}_current"]
        assert current.unique
        assert str(current.dialect_options["postgresql"]["where"]) == "superseded_at IS NULL"


def sample(info: dict[str, Any], *parts: Any) -> Table:
    metadata = MetaData(naming_convention=NAMING)
    Table("subject", metadata, Column("uscc", Text, primary_key=True), info=SUBJECT)
    Table("catalog", metadata, Column("code", Text, primary_key=True), info=REFERENCE)
    Table("queue", metadata, Column("id", BigInteger, primary_key=True), info=LOCAL)
    return Table("sample", metadata, *parts, info=info)


USCC = ("uscc", Text)


@pytest.mark.parametrize(
    ("table", "broken"),
    [
        pytest.param(sample({}, Column("id", Text, primary_key=True)), "no placement", id="placement"),
        pytest.param(sample(SUBJECT, Column("id", Text, primary_key=True)), "no uscc", id="no key"),
        pytest.param(
            sample(SUBJECT, Column("id", Text, primary_key=True), Column(*USCC, nullable=False)),
            "primary key does not hold uscc",
            id="primary key",
        ),
        pytest.param(
            sample(SUBJECT, Column(*USCC, primary_key=True), Column("x", Text), UniqueConstraint("x")),
            "uq_sample_x does not hold uscc",
            id="unique constraint",
        ),
        pytest.param(
            sample(SUBJECT, Column(*USCC, primary_key=True), Index("uq_low", text("lower(uscc)"), unique=True)),
            "uq_low does not hold uscc",
            id="an expression over the key does not count",
        ),
        pytest.param(
            sample(SUBJECT, Column("uscc", Integer, primary_key=True)), "not a plain text", id="type of the key"
        ),
        pytest.param(
            sample(SUBJECT, Column(*USCC, primary_key=True), Column("n", BigInteger, Identity())),
            "n takes its values from a sequence",
            id="identity",
        ),
        pytest.param(
            sample(
                SUBJECT,
                Column(*USCC, primary_key=True),
                Column("of", Text),
                ForeignKeyConstraint(["of"], ["subject.uscc"]),
            ),
            "not by uscc",
            id="reference beside the key",
        ),
        pytest.param(
            sample(LOCAL, Column(*USCC, primary_key=True), ForeignKeyConstraint(["uscc"], ["subject.uscc"])),
            "local table refers to subject table",
            id="local to subject",
        ),
        pytest.param(
            sample(REFERENCE, Column(*USCC, primary_key=True), ForeignKeyConstraint(["uscc"], ["subject.uscc"])),
            "reference table refers to subject table",
            id="reference to subject",
        ),
        pytest.param(
            sample(
                SUBJECT,
                Column(*USCC, primary_key=True),
                ForeignKeyConstraint(["uscc"], ["subject.uscc"], onupdate="CASCADE"),
            ),
            "acts on update",
            id="cascade",
        ),
        pytest.param(
            sample(
                LOCAL,
                Column("id", Text, primary_key=True),
                Column("code", Text),
                ForeignKeyConstraint(["code"], ["catalog.code"], ondelete="SET NULL"),
            ),
            "sets its key on delete",
            id="set null",
        ),
    ],
)
def test_a_broken_rule_is_found(table: Table, broken: str) -> None:
    assert any(broken in found for found in broken_rules(table))
