"""A state that real acts made is sound; each thing that the database cannot hold by itself is found when somebody breaks it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from jobs.registry import JOBS
from jobs.run import put_registry, run_due
from service.db import Database, driver
from service.invariants.actions import check_invariants
from service.invariants.queries import count_broken
from service.invariants.rules import INVARIANTS, InvariantsBroken
from tests.clients import at
from tests.service.blacklist.test_endpoints import HEAVY, listed
from tests.service.credit_records.test_endpoints import PERMIT
from tests.service.imports.support import bring_in, penalty, write_csv
from tests.service.penalties.lives import USCC, open_office
from tests.service.repair.test_endpoints import GRANTED, apply, attach_proof

LATER = datetime(2027, 3, 1, 4, tzinfo=UTC)
#: Statements that break an invariant each; all is rolled back after each.
BREAKS: Final = {
    "head_is_current_version": "UPDATE penalty SET state = 'draft' WHERE state = 'published'",
    "version_has_head": "DELETE FROM credit_record",
    "versions_are_dense": "DELETE FROM penalty_version WHERE version_no = 2 AND id IN (SELECT id FROM penalty WHERE state = 'published')",
    "version_has_change": "DELETE FROM change WHERE kind = 'penalty' AND position = (SELECT max(position) FROM change WHERE kind = 'penalty')",
    "positions_are_dense": "UPDATE change_log SET head_position = head_position - 1",
    "record_has_subject": "DELETE FROM subject",
    "import_accounts_for_its_rows": "UPDATE data_import SET rows_read = rows_read + 1",
    "ended_entry_has_no_open_revocation": """INSERT INTO blacklist_entry_revocation (uscc, id, entry_id, penalty_id,
            authority_code, fell_on, due_on, provisional, found, state, opened_at)
        SELECT uscc, gen_random_uuid(), id, id, 'x', current_date, current_date, false, 'x', 'open', now() FROM blacklist_entry WHERE state = 'ended'""",
    "granted_repair_ended_its_record": "UPDATE penalty SET state = 'published' WHERE state = 'ended'",
    "party_is_told_of_its_repair": "DELETE FROM outbox_item WHERE topic = 'party_notice'",
}  # fmt: skip


class Undone(Exception):
    """So that a transaction is rolled back."""


async def break_and_undo(database: Database, name: str, fault: str) -> None:
    async with database.transaction() as session:
        await session.execute(text(fault))
        found = await count_broken(await driver(session))
        assert found[name] > 0, name
        raise Undone(name)


async def test_what_acts_made_is_sound_and_every_fault_is_named(database: Database, tmp_path: Path) -> None:
    async with open_office(database) as office:
        record = await office.published()
        entry = await listed(office, penalty=await office.published(document_no="渝示市监罚〔2026〕18号", **HEAVY))
        await office.must(office.reviewer, entry, "revoke", {"reason": "处罚已撤销", "basis": "第十九条"})
        made = await office.recorder.post(f"/v1/subjects/{USCC}/credit-records", json=PERMIT)
        assert made.status_code == 201
    await bring_in(database, write_csv(tmp_path / "a.csv", [penalty(1), penalty(2, code="")]), source=None)
    async with open_office(database, now=LATER) as office:
        case = await apply(office.repairer, record, intake="gsxt")
        await attach_proof(office.repairer, case)
        case = await office.must(office.second_repairer, case, "accept")
        await office.must(office.second_repairer, case, "grant", GRANTED)
        await office.settle()
        job = next(one for one in JOBS if one.name == "check_invariants")
        await put_registry(database)
        assert await run_due(job, database, at(LATER)) == 0
        text_of = (await office.public.get("/metrics")).text
        assert 'xinyong_job_overdue{job="check_invariants"} 0.0' in text_of
        assert 'xinyong_job_failed{job="check_invariants"} 0.0' in text_of
        assert 'xinyong_job_overdue{job="track_deadlines"} 1.0' in text_of

    assert set(BREAKS) == set(INVARIANTS)
    for name, fault in BREAKS.items():
        with pytest.raises(Undone, match=name):
            await break_and_undo(database, name, fault)
    async with database.transaction() as session:
        await session.execute(text("UPDATE penalty SET version_no = version_no + 1"))
    with pytest.raises(InvariantsBroken) as broken:
        await check_invariants(database)
    assert list(broken.value.extra) == ["found"]
    assert "head_is_current_version: " in str(broken.value)
    async with open_office(database, now=datetime(2027, 3, 1, 12, tzinfo=UTC)) as office:
        assert await run_due(job, database, at(datetime(2027, 3, 1, 12, tzinfo=UTC))) is None
        text_of = (await office.public.get("/metrics")).text
        assert 'xinyong_job_failed{job="check_invariants"} 1.0' in text_of
    async with database.reading() as session:
        problem = await session.scalar(
            text("SELECT problem FROM job_run WHERE job_name = 'check_invariants' ORDER BY id DESC LIMIT 1")
        )
    assert str(problem).startswith("invariants_broken: head_is_current_version: ")
