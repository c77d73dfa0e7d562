"""Writing reminder letters and sheets of data quality: one authority a transaction, each letter and sheet once.

A run that dies leaves whole letters and sheets and no half ones; the next one makes the rest. Nothing is ever written twice: the
week, or the month, has room for one.
"""

import asyncio
from datetime import date, datetime
from typing import Any

import orjson

from service.catalog.queries import load_catalog
from service.catalog.rules import Catalog
from service.clock import day_start, legal_day
from service.db import Database, driver
from service.documents.queries import put_content
from service.documents.rules import digest
from service.letters.actions import PAGE
from service.models import ReminderLetter
from service.supervision.queries import (
    count_quality,
    insert_letter,
    insert_notice,
    insert_sheet,
    list_late_authorities,
    list_overdue,
    list_without_sheet,
    new_id,
)
from service.supervision.rules import (
    LETTER_TOPIC,
    SHEET_TOPIC,
    closed_months,
    letter_number,
    letter_page,
    reasons_view,
    week_of,
)
from service.typesetting import Press, set_by


async def write_letters(database: Database, *, now: datetime) -> int:
    """Write a letter to every authority that has overdue deadlines and none of this week; return how many.

    Source: own practice; the terms are those of the rulebook (D01 to D18).
    """
    week_on, press = week_of(legal_day(now)), Press()
    async with database.reading() as session:
        catalog = await load_catalog(session)
        waiting = await list_late_authorities(await driver(session), week_on=week_on)
    total = 0
    for authority_code in waiting:
        if authority_code in catalog.authority_by_code:
            total += await _write_letter(database, catalog, press, authority_code, week_on=week_on, now=now)
    return total


async def _write_letter(
    database: Database, catalog: Catalog, press: Press, authority_code: str, *, week_on: date, now: datetime
) -> int:
    async with database.transaction() as session:
        connection = await driver(session)
        overdue = await list_overdue(connection, authority_code=authority_code, week_on=week_on)
        if not overdue:
            return 0
        number = letter_number(authority_code, week_on)
        page = letter_page(catalog, authority_code, overdue, week_on=week_on, number=number)
        content = await press.set_pdf(PAGE, page, now=day_start(week_on))
        letter: dict[str, Any] = {
            "id": new_id(),
            "authority_code": authority_code,
            "week_on": week_on,
            "number": number,
            "overdue": sum(one.count for one in overdue),
            "page": orjson.dumps(page).decode(),
            "set_by": set_by(PAGE),
            "sha256": digest(content),
            "made_at": now,
        }
        if not await insert_letter(connection, letter):
            return 0
        await put_content(session, sha256=letter["sha256"], content=content)
        await insert_notice(connection, topic=LETTER_TOPIC, about=letter["id"], now=now)
        return 1


async def set_letter_again(press: Press, letter: ReminderLetter) -> bytes:
    """Return the PDF of a letter, byte for byte, from what it says."""
    return await press.set_pdf(PAGE, letter.page, now=day_start(letter.week_on))


async def write_sheets(database: Database, *, now: datetime) -> int:
    """Write the sheet of every closed month and every authority that did something in it; return how many."""
    total = 0
    for month_on in closed_months(legal_day(now)):
        async with database.reading() as session:
            waiting = await list_without_sheet(await driver(session), month_on=month_on)
        for authority_code in waiting:
            total += await _write_sheet(database, authority_code, month_on, now=now)
            await asyncio.sleep(0)
    return total


async def _write_sheet(database: Database, authority_code: str, month_on: date, *, now: datetime) -> int:
    async with database.transaction() as session:
        connection = await driver(session)
        found = await count_quality(connection, authority_code=authority_code, month_on=month_on)
        for source in found["sources"]:
            source["reasons"] = reasons_view(source["reasons"])
        sheet: dict[str, Any] = {
            "id": new_id(),
            "authority_code": authority_code,
            "month_on": month_on,
            "content": orjson.dumps(found).decode(),
            "made_at": now,
        }
        if not await insert_sheet(connection, sheet):
            return 0
        await insert_notice(connection, topic=SHEET_TOPIC, about=sheet["id"], now=now)
        return 1
