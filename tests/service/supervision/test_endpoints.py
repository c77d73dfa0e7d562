import csv
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage
from io import BytesIO, StringIO
from pathlib import Path

from openpyxl import load_workbook

from schemas.supervision import LetterPage, SheetOut, SheetPage
from service.access.rules import Role
from service.db import Database
from service.deadlines.actions import track_deadlines
from service.deadlines.lists import Sight
from service.mail.actions import deliver_mail
from service.mail.rules import Notice, message_of
from service.models import ReminderLetter
from service.supervision.actions import set_letter_again, write_letters, write_sheets
from service.supervision.queries import find_letter
from service.typesetting import Press
from tests.clients import client_of, make_app, make_key
from tests.service.imports.support import AUTHORITY, NOW, bring_in, penalty, rows_of, seed, write_csv

#: 2027-01-04 is a Monday; rows were handed in, as drafts of the authority's own, on 2026-11-24.
MONDAY = datetime(2027, 1, 4, 1, tzinfo=UTC)
ADDRESS = "office@market.example"


async def test_what_is_overdue_is_written_about_once_a_week_and_what_was_supplied_once_a_month(
    database: Database, tmp_path: Path
) -> None:
    await seed(database)
    rows = [penalty(n, decided="2026-11-20", published="") for n in range(1, 4)]
    rows += [penalty(4, code="91500000XY000001AA"), penalty(5, decided="not a day"), penalty(6)]
    await bring_in(database, write_csv(tmp_path / "own.csv", rows), source=None)
    await bring_in(database, write_csv(tmp_path / "site.csv", [penalty(1), penalty(8)]))
    await track_deadlines(database, now=NOW)
    app = make_app(database, now=MONDAY)
    keys = {
        "own": await make_key(database, Role.RECORDER, authority_code=AUTHORITY),
        "consenter": await make_key(database, Role.CONSENTER, authority_code=AUTHORITY),
        "supervisor": await make_key(database, Role.SUPERVISOR, authority_code="cq-credit-office"),
        "other": await make_key(database, Role.RECORDER, authority_code="cq-commerce"),
    }
    async with (
        client_of(app, key=keys["own"]) as own,
        client_of(app, key=keys["supervisor"]) as supervisor,
        client_of(app, key=keys["other"]) as other,
        client_of(make_app(database, now=NOW), key=keys["consenter"]) as consenter,
    ):
        named = await consenter.put(f"/v1/notice-addresses/{AUTHORITY}", json={"addresses": [ADDRESS]})
        assert named.status_code == 201, named.text

        assert await write_letters(database, now=NOW) == 1  # the oldest row was due in October already
        assert await write_letters(database, now=NOW + timedelta(days=2)) == 0
        assert await write_letters(database, now=MONDAY) == 1
        assert await write_letters(database, now=MONDAY - timedelta(days=1)) == 1  # a clock set back: its own week
        assert await write_letters(database, now=MONDAY + timedelta(days=6, hours=10)) == 0
        for who, count in ((own, 3), (supervisor, 3), (other, 0)):
            page = LetterPage.model_validate((await who.get("/v1/reminder-letters")).json())
            assert len(page.items) == count
        first = LetterPage.model_validate((await own.get("/v1/reminder-letters", params={"limit": 2})).json())
        rest = await own.get("/v1/reminder-letters", params={"limit": 2, "cursor": str(first.next)})
        assert len(rest.json()["items"]) == 1
        letter = next(one for one in first.items if one.week_on == date(2027, 1, 4))
        assert letter.overdue > 3
        read = await supervisor.get(f"/v1/reminder-letters/{letter.id}")
        assert (read.headers["content-type"], read.headers["etag"]) == ("application/pdf", f'"{letter.sha256}"')
        hidden = await other.get(f"/v1/reminder-letters/{letter.id}")
        assert (hidden.status_code, hidden.json()["code"]) == (404, "no_such_letter")
        async with database.reading() as session:
            everything = Sight(everything=True, authorities=frozenset(), in_full=frozenset())
            kept = await find_letter(session, letter_id=letter.id, sight=everything)
        assert isinstance(kept, ReminderLetter)
        assert await set_letter_again(Press(), kept) == read.content
        lines = kept.page["parts"][0]["table"]
        assert sum(int(line[5]) for line in lines[1:]) == letter.overdue
        assert "〔2026〕" not in str(kept.page["parts"])
        assert "示例1贸易" not in str(kept.page)

        assert await write_sheets(database, now=NOW) == 1  # October: the deadlines of the oldest row
        assert await write_sheets(database, now=MONDAY) == 2
        assert await write_sheets(database, now=MONDAY) == 0
        sheet = SheetOut.model_validate((await own.get(f"/v1/quality-sheets/{AUTHORITY}/2026-11")).json())
        own_rows, site_rows = sheet.sources
        assert (own_rows.source, own_rows.rows) == (f"own:{AUTHORITY}", 6)
        assert own_rows.outcomes == {"new": 4, "quarantined": 2}
        assert [(one.code, one.rows) for one in own_rows.reasons] == [
            ("suspect_check18", 1),
            ("unreadable_decided_on", 1),
        ]
        assert (site_rows.source, site_rows.disputed_open) == ("site", 1)
        december = (await own.get(f"/v1/quality-sheets/{AUTHORITY}/2026-12")).json()
        assert december["sources"] == []
        assert {one["deadline"]: (one["due"], one["overdue"]) for one in december["deadlines"]}["D01"] == (3, 3)
        shown = SheetPage.model_validate((await supervisor.get("/v1/quality-sheets?month=2026-11")).json())
        assert [one.authority_code for one in shown.items] == [AUTHORITY]
        assert (await other.get("/v1/quality-sheets?month=2026-11")).json()["items"] == []
        assert (await own.get(f"/v1/quality-sheets/{AUTHORITY}/0000-01")).json()["code"] == "invalid_request"
        refused = await other.get(f"/v1/quality-sheets/{AUTHORITY}/2026-11/file")
        assert (refused.status_code, refused.json()["code"]) == (404, "no_such_sheet")
        path = f"/v1/quality-sheets/{AUTHORITY}/2026-11/file"
        table = list(csv.reader(StringIO((await own.get(path)).content.decode("utf-8-sig"))))
        book = load_workbook(BytesIO((await own.get(path, params={"format": "xlsx"})).content), read_only=True)
        cells = [[cell or "" for cell in row] for row in book["quality"].iter_rows(values_only=True)]
        assert cells == table
        reason = next(row for row in table if row[4] == "reason:suspect_check18")
        assert (reason[1], reason[5], reason[8]) == (AUTHORITY, "1", "Compare with the licence; correct and resubmit.")

    taken: list[EmailMessage] = []

    async def take(notice: Notice) -> None:
        taken.append(message_of(notice, sender="xinyong@service.example"))

    await deliver_mail(database, now=MONDAY, deliver=take)
    subjects = [str(mail["Subject"]) for mail in taken]
    assert sum("催办函" in one for one in subjects) == 3
    assert sum("数据质量月报" in one for one in subjects) == 3
    assert await rows_of(database, "SELECT count(*) FROM outbox_item WHERE done_at IS NULL") == [(0,)]
