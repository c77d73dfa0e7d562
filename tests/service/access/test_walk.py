"""Every route with every role, on its own and on others' things, over the real application and database."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import Any, Final
from uuid import UUID, uuid4

from fastapi import FastAPI
from httpx import AsyncClient, Response
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.access.actions import new_id
from service.access.declared import Declared, Whose, operations_of
from service.access.rules import AUTHORITY_ROLES, RECORD_ROLES, Role
from service.access.table import PAGE, in_table, page_with, table_of
from service.app import create_app
from service.db import Database
from service.documents.queries import put_content
from service.horizons.actions import log_clock_edges
from service.models import (
    AuditEntry,
    CreditRecordVersion,
    Deadline,
    ExportSelection,
    Objection,
    OutboxItem,
    PlatformMeasure,
    PlatformReport,
    QualitySheet,
    ReminderLetter,
    Repair,
    ReportRequest,
    Screening,
    SealingKey,
    SharingAgreement,
    SpotCheck,
    SpotCheckItem,
    SubjectAuthorisation,
    Substitution,
    Watchlist,
    WebhookEndpoint,
)
from service.openapi import resolved
from service.penalties.rules.gate import eye_points
from service.settings import Settings
from tests.clients import NOW, client_of
from tests.factories import (
    make_entry,
    make_import,
    make_import_row,
    make_penalty,
    make_registration,
    number_changes,
)
from tests.offices import Offices, open_offices

TODAY: Final = NOW.date()
EMPTY: Final = sha256(b"").hexdigest()
#: What stands for a part of a path that names nobody's thing.
WORDS: Final = {
    "kind": "penalties",
    "year": "2026",
    "n": "1",
    "code": "x",
    "authority_code": "district",
    "record_kind": "penalty",
    "month": "2026-10",
}
#: What a body says beside its required form, by the last part of the path: here the form alone is refused before any right.
BODIES: Final[dict[str, dict[str, Any]]] = {
    "move": {"to_uscc": "91500000XY0000012K"},
    "propose-correction": {"changes": {"party_name": "x"}},
}
#: Roles that work on an authority's records see its drafts; these two are held for an authority and do not.
NOT_ON_RECORDS: Final = {Role.REGISTRAR, Role.SUPERVISOR}


def application() -> FastAPI:
    return create_app(Settings(), database=Database("postgresql+asyncpg://localhost/none", application="walk"))


def test_every_route_says_who_may_call_it() -> None:
    assert [f"{one.method} {one.path}" for one in operations_of(application()) if one.access is None] == []


def test_the_page_has_the_table_of_the_code() -> None:
    app = application()
    page = PAGE.read_text("utf-8")
    assert page_with(table_of(app), page) == page
    rows = [line for line in page.splitlines() if line.startswith(("| GET `", "| HEAD `", "| P", "| DELETE `"))]
    assert len(rows) == len([one for one in operations_of(app) if in_table(one)])


def sample(schema: dict[str, Any], schemas: dict[str, Any]) -> Any:
    """Return a value that has the form of a JSON schema: what is required, and no more."""
    if "$ref" in schema:
        return sample(schemas[schema["$ref"].rsplit("/", 1)[-1]], schemas)
    for choice in ("anyOf", "oneOf", "allOf"):
        if choice in schema:
            return sample(schema[choice][0], schemas)
    if "enum" in schema or "const" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(schema["properties"][name], schemas) for name in schema.get("required", ())}
    if kind == "array":
        return [sample(schema["items"], schemas)] * schema.get("minItems", 0)
    if kind == "string":
        formats = {"date": TODAY.isoformat(), "uuid": str(UUID(int=0)), "date-time": NOW.isoformat()}
        return formats.get(schema.get("format", ""), "x" * max(1, schema.get("minLength", 1)))
    return {"integer": schema.get("minimum", 1), "number": schema.get("minimum", 1), "boolean": False}.get(kind or "")


@dataclass
class Caller:
    """Calls operations by what the application's own document says of them."""

    document: dict[str, Any]

    def knows(self, one: Declared) -> bool:
        """Return whether the document has the operation: not a page, nor the HEAD beside a GET."""
        return one.method.lower() in self.document["paths"].get(one.path, {})

    async def call(self, client: AsyncClient, one: Declared, things: dict[str, str]) -> Response:
        stated = self.document["paths"][one.path][one.method.lower()]
        query = {
            part["name"]: sample(part["schema"], self.document["components"]["schemas"])
            for part in (resolved(self.document, one) for one in stated.get("parameters", ()))
            if part["in"] == "query" and part.get("required")
        }
        path = one.path
        record = {"record_id": things["entry_id"]} if "/blacklist-entries/" in path and "entry_id" in things else {}
        for name, value in (WORDS | things | record).items():
            path = path.replace(f"{{{name}}}", value)
        if one.access is not None and one.access.whose is Whose.ANY:
            path = re.sub(r"{\w+}", str(uuid4()), path)
        assert "{" not in path, f"{one.path}: add what stands for its parts to the walk"
        body = self.body(one.path, stated)
        return await client.request(one.method, path, params=query, headers={"If-Match": "*"}, **body)

    def body(self, path: str, stated: dict[str, Any]) -> dict[str, Any]:
        content = stated.get("requestBody", {}).get("content", {})
        if "multipart/form-data" in content:
            return {"files": {"file": b""}}
        if "application/json" not in content:
            return {}
        made = content["application/json"]
        examples = made.get("examples") or made["schema"].get("examples")
        first = examples[0] if isinstance(examples, list) else None
        form = first or sample(made["schema"], self.document["components"]["schemas"])
        return {"json": form | BODIES.get(path.rsplit("/", 1)[-1], {})}


async def things_of(
    session: AsyncSession, authority: str, partner: str, principals: tuple[UUID, UUID]
) -> dict[str, str]:
    """Enter one thing of each kind that is not public and belongs to the authority; return their ids by part of a path."""
    uscc = await make_registration(session)
    penalty = await make_penalty(session, uscc, authority_code=authority, state="draft")
    entry = await make_entry(session, uscc, authority_code=authority, state="draft")
    imported = await make_import(session, authority_code=authority, table_info={"header": ["a"]})
    await make_import_row(
        session, imported, 1, line=2, outcome="quarantined", content={"a": "x"}, reasons=["malformed_code"]
    )
    first, second = principals
    days: dict[str, Any] = {"from_on": TODAY, "until_on": TODAY}
    agreement, authorisation, substitution, deadline, repair, objection = (new_id() for _ in range(6))
    check, item, credit_record, webhook, selection, letter = (new_id() for _ in range(6))
    told = OutboxItem(
        topic="party_notice", uscc=uscc, record_kind="penalty", record_id=penalty, version_no=1, created_at=NOW
    )
    watchlist, screening, sealing_key, report_request, report, measure = (new_id() for _ in range(6))
    kid = sha256(sealing_key.bytes).hexdigest()[:43]
    sent: dict[str, Any] = {"principal_id": first, "authority_code": authority, "version_no": 1}
    case: dict[str, Any] = {
        "uscc": uscc, "version_no": 1, "record_kind": "penalty", "record_id": penalty, "authority_code": authority,
        "statement": "x", "filed_by": "test", "filed_at": NOW,
    }  # fmt: skip
    session.add_all(
        [
            SharingAgreement(
                id=agreement, requester_code=partner, owner_code=authority, kinds=["penalties"], purpose="x",
                state="requested", requested_by="test", requested_at=NOW, **days,
            ),
            SubjectAuthorisation(
                id=authorisation, uscc=uscc, principal_id=first, authority_code=authority, document="x",
                registered_by="test", registered_at=NOW, **days,
            ),
            Substitution(
                id=substitution, kind="substitute", principal_id=first, role="lister", authority_code=authority,
                for_principal_id=second, basis="x", registered_by="test", registered_at=NOW, confirmed_at=NOW, **days,
            ),
            Repair(
                id=repair, state="filed", ground="performance", intake="local", commitment="x", **case,
            ),
            Objection(id=objection, state="open", nature="query", received_on=TODAY, **case),
            Deadline(
                id=deadline, uscc=uscc, record_kind="penalty", record_id=penalty, deadline="D01", rule_id="x",
                channel="credit_china", bearer="authority", authority_code=authority, division_code="500103",
                starts_on=TODAY, due_on=TODAY.replace(day=30), provisional=False, state="open", opened_at=NOW,
                changed_at=NOW,
            ),
            CreditRecordVersion(
                uscc=uscc, id=credit_record, version_no=1, state="recorded", command="record", class_id="honour",
                authority_code=authority, source_code=f"own:{authority}", party_name="x", title="x", decided_on=TODAY,
                body={}, actor="test", recorded_at=NOW,
            ),
            Watchlist(
                id=watchlist, principal_id=first, version_no=1, name="x", code_count=0, created_at=NOW, changed_at=NOW
            ),
            Screening(
                id=screening, principal_id=first, state="queued", format="csv", options={}, file_name="x", file_size=0,
                file_sha256=EMPTY, attempt=0, rows_done=0, done_share=0, created_at=NOW, keep_until=NOW,
            ),
            WebhookEndpoint(
                id=webhook, principal_id=first, version_no=1, url="https://shop.example/", kinds=[], regions=[], lists=[],
                state="active", position=0, failures=0, paused_until=NOW, created_at=NOW, changed_at=NOW,
            ),
            ExportSelection(
                id=selection, principal_id=first, name="x", body={}, every="daily", deliver_to="x", is_paused=True,
                version_no=1, created_at=NOW, changed_at=NOW,
            ),
            SealingKey(
                id=sealing_key, authority_code=authority, kid=kid, jwk={}, version_no=1, registered_by="test", registered_at=NOW
            ),
            ReportRequest(
                id=report_request, kind="lead", statement="x", legal_basis="x", working_days=1, due_on=TODAY,
                due_provisional=False, state="open", made_by="test", made_at=NOW, **sent,
            ),
            PlatformMeasure(
                id=measure, shop_name="x", violation="x", measure="warning", url="x", taken_on=TODAY, publish_by=TODAY,
                published_on=TODAY, late=False, registered_at=NOW, **sent,
            ),
            told,
            ReminderLetter(
                id=letter, authority_code=authority, week_on=TODAY - timedelta(days=TODAY.weekday()), number="x", overdue=1,
                page={}, set_by="x", sha256=EMPTY, made_at=NOW,
            ),
            QualitySheet(
                id=new_id(), authority_code=authority, month_on=date(2026, 10, 1), content={"sources": [], "deadlines": []},
                made_at=NOW,
            ),
            SpotCheck(
                id=check, version_no=1, state="announced", authority_code=authority, title="x", period_from=TODAY,
                period_until=TODAY, per_authority=1, seed_source="x", form_edition="1", population=1,
                population_digest="x", announced_by="test", announced_at=NOW,
            ),
        ]
    )  # fmt: skip
    await session.flush()
    session.add(
        SpotCheckItem(
            id=item, check_id=check, version_no=1, state="drawn", key="x", authority_code=authority, uscc=uscc,
            record_id=penalty, record_version=1,
        )
    )  # fmt: skip
    session.add(
        PlatformReport(
            id=report, envelope_id=report, kind="lead", period_from=TODAY, period_until=TODAY, counts={"rows": 1}, part=1,
            parts=1, kid=kid, digest=kid, bytes_count=1, sealed="x", late=False, receipt="x", received_at=NOW, state="received",
            reasons=[], **sent,
        )
    )  # fmt: skip
    await put_content(session, sha256=EMPTY, content=b"")
    await session.flush()
    ids = {
        "penalty_id": penalty, "entry_id": entry, "record_id": penalty, "import_id": imported, "agreement_id": agreement,
        "authorisation_id": authorisation, "substitution_id": substitution, "deadline_id": deadline,
        "repair_id": repair, "objection_id": objection, "check_id": check, "item_id": item, "credit_record_id": credit_record,
        "webhook_id": webhook, "selection_id": selection, "letter_id": letter,
        "watchlist_id": watchlist, "screening_id": screening, "sealing_key_id": sealing_key, "report_request_id": report_request, "report_id": report,
        "measure_id": measure,
    }  # fmt: skip
    return {"uscc": uscc} | {name: str(value) for name, value in ids.items()}


async def staff(offices: Offices) -> dict[Role, AsyncClient]:
    return {
        role: await offices.hire(role, authority="district" if role in {*AUTHORITY_ROLES, Role.AUDITOR} else None)
        for role in Role
    }


async def test_every_route_lets_in_the_roles_it_declares_and_nobody_else(database: Database) -> None:
    async with open_offices(database) as offices, client_of(offices.app) as nobody:
        people = await staff(offices)
        caller = Caller(offices.app.openapi())
        nothing = {name: str(uuid4()) for name in ("key_id", "principal_id", "grant_id", "proposal_id")}
        async with database.transaction() as session:
            nothing |= await things_of(session, "other", "city", (offices.ids[people[Role.LISTER]],) * 2)
            await number_changes(session)
        await log_clock_edges(database, now=NOW)  # what is asked of a day is asked of one whose edges are in the log
        wrong = []
        for one in operations_of(offices.app):
            if one.access is None or not caller.knows(one):
                continue
            callers: list[tuple[Role | None, AsyncClient]] = [(None, nobody)]
            callers += [] if one.access.is_public else list(people.items())
            for role, client in callers:
                answer = await caller.call(client, one, nothing)
                code = answer.json().get("code") if answer.status_code >= 400 else None
                said = {401: role is None and code == "missing_key", 403: code == "role_missing"}.get(
                    answer.status_code
                )
                if answer.status_code >= 500 or one.access.admits(role) is bool(said):
                    wrong.append((one.method, one.path, role, answer.status_code, code))
        assert wrong == []


async def test_every_route_does_for_ones_own_what_it_does_not_do_for_others(database: Database) -> None:
    async with open_offices(database) as offices:
        people = await staff(offices)
        outsider = await offices.hire(Role.LISTER, authority="other")
        one_of_us, two_of_us = offices.ids[people[Role.SUBJECT_AGENT]], offices.ids[people[Role.LISTER]]
        async with database.transaction() as session:
            own = await things_of(session, "district", "street", (one_of_us, two_of_us))
            others = await things_of(session, "other", "city", (offices.ids[outsider],) * 2)
            await number_changes(session)
        caller = Caller(offices.app.openapi())
        wrong: list[tuple[object, ...]] = []
        shown: list[tuple[str, Response]] = []
        # The audit comes first: it tells everybody what he himself asked for.
        order = sorted(operations_of(offices.app), key=lambda one: not one.path.startswith("/v1/audit"))
        for one in sorted(order, key=lambda one: one.path.endswith("/discard")):
            access = one.access
            if access is None or access.is_public or access.whose is Whose.ANY or not caller.knows(one):
                continue
            for role, client in people.items():
                if not access.admits(role) or (role is Role.ADMINISTRATOR and "substitution" in one.path):
                    continue
                if "_id}" not in one.path:
                    if one.method == "GET":
                        listed = await caller.call(client, one, own)
                        shown.append((one.path, listed))
                        text = listed.text
                        wrong += [(one.path, role, name) for name, value in others.items() if value in text]
                    continue
                theirs = await caller.call(client, one, others)
                absent = {name: value if name == "uscc" else str(uuid4()) for name, value in others.items()}
                if (
                    told(theirs, others) != told(await caller.call(client, one, absent), absent)
                    or theirs.status_code != 404
                ):
                    wrong.append((one.method, one.path, role, theirs.text))
                if role in works_on(one):
                    ours = await caller.call(client, one, own)
                    shown.append((one.path, ours))
                    if (
                        ours.status_code >= 500
                        or told(ours, own)[:2] == told(theirs, others)[:2]
                        or ours.status_code in {401, 403}
                    ):
                        wrong.append((one.method, one.path, role, ours.text))
        wrong += await unnoticed(database, shown, own)
        assert wrong == []


#: Who may do what is nobody's record, and that a spot check was announced is public, as are authorities' keys.
NO_RECORD = {
    "uscc",
    "selection_id",
    "check_id",
    "authorisation_id",
    "substitution_id",
    "agreement_id",
    "sealing_key_id",
}


async def unnoticed(
    database: Database, shown: list[tuple[str, Response]], own: dict[str, str]
) -> list[tuple[object, ...]]:
    """Return the answers that hold an unpublished thing of the district, and whose audit entry does not say so."""
    values = [value for name, value in own.items() if name not in NO_RECORD]
    told_of = [
        (path, answer)
        for path, answer in shown
        if answer.status_code < 300 and not path.startswith("/v1/audit") and any(one in answer.text for one in values)
    ]
    assert len({path for path, _ in told_of}) > 20
    async with database.reading() as session:
        rows = await session.execute(select(AuditEntry.request_id, AuditEntry.owners))
        owners = {row.request_id: row.owners or [] for row in rows}
    return [
        (path, "the audit does not say whose records were shown")
        for path, answer in told_of
        if "district" not in owners[answer.headers["x-request-id"]]
    ]


def told(answer: Response, things: dict[str, str]) -> tuple[int, Any, Any]:
    """Return status, code and words of an answer, with the ids of what was asked for taken out of the words."""
    is_json = "json" in answer.headers.get("content-type", "")
    document = answer.json() if is_json else {}
    words = str(document.get("detail"))
    for value in things.values():
        words = words.replace(value, "…")
    return answer.status_code, document.get("code"), words


def works_on(one: Declared) -> set[Role]:
    """Return the roles that get through to a thing of their own authority by this operation."""
    assert one.access is not None
    if one.path.endswith("/substitutions/{substitution_id}/end"):
        return {Role.LISTER}  # whose place is taken
    if one.path.endswith(("consent", "take-back")):
        return set()  # the authority above consents; who filed an application takes it back
    roles = one.access.roles or {*RECORD_ROLES, Role.AUDITOR}
    on_records = any(part in one.path for part in ("/penalties", "/blacklist-entries"))
    return {
        role
        for role in roles
        if role in {*AUTHORITY_ROLES, Role.AUDITOR} and not (on_records and role in NOT_ON_RECORDS)
    }


#: How a write that works on no thing of a path says for whom it is done, beside what its documented example says.
IN_THE_NAME_OF_OTHER: Final[dict[str, dict[str, Any]]] = {
    "/v1/catalog/retention/{authority_code}/{record_kind}": {},
    "/v1/catalog/supplies/{authority_code}/{kind}": {"description": "x", "every_days": 7},
    "/v1/notice-addresses/{authority_code}": {},
    "/v1/penalties/drafts": {"drafts": [{"authority": "other", "uscc": "91500000XY0000012K"}]},
    "/v1/redatings/decisions": {"authority": "other"},
    "/v1/report-requests": {"authority": "other"},
    "/v1/sealing-keys": {"authority": "other"},
    "/v1/sharing-agreements": {"requester_code": "other", "owner_code": "city"},
    "/v1/source-conflicts/decisions": {},
    "/v1/source-conflicts/decisions/undo": {},
    "/v1/spot-checks": {"authority": "other"},
    "/v1/subjects/{uscc}/blacklist-entries": {"authority": "other"},
    "/v1/subjects/{uscc}/credit-records": {"authority": "other"},
    "/v1/subjects/{uscc}/penalties": {"authority": "other"},
    "/v1/substitutions": {"authority_code": "other"},
}
#: The points that only a person can judge.
EYES: Final = [point.id for point in eye_points()]
#: The same, said in the query.
ASKED_FOR_OTHER: Final = {
    "/v1/completeness/comparison": {"authority": "other"},
    "/v1/imports": {"authority": "other", "kind": "penalties", "file_name": "a.csv"},
}
#: Writes for which nobody can be named: they are done for the caller's own authority, key or platform, whatever is sent.
FOR_ONESELF: Final = {
    *("/v1/me/key/rotate", "/v1/notices/read", "/v1/subject-authorisations", "/v1/webhooks", "/v1/export-selections"),
    "/v1/watchlists",
    "/v1/screenings",
    "/v1/third-party-services/own",
    *("/v1/reports", "/v1/platform-measures"),
}


async def test_nobody_writes_in_the_name_of_another_authority(database: Database) -> None:
    async with open_offices(database) as offices:
        everything = await offices.hire(*AUTHORITY_ROLES, authority="district")
        caller = Caller(offices.app.openapi())
        writes = {
            one.path: one
            for one in operations_of(offices.app)
            if one.access is not None
            and not one.access.is_public
            and one.access.whose is not Whose.ANY
            and one.method != "GET"
            and "_id}" not in one.path
            and caller.knows(one)
        }
        named = IN_THE_NAME_OF_OTHER.keys() | ASKED_FOR_OTHER.keys()
        assert set(writes) == named | FOR_ONESELF | {
            "/v1/penalties/reviews",
            "/v1/penalties/reviews/bulk",
        }  # by the ids of records, as in the next test
        wrong = []
        for path in sorted(named):
            one = writes[path]
            url = path.replace("{authority_code}", "other").replace("{uscc}", "91500000XY0000012K")
            for name, value in WORDS.items():
                url = url.replace(f"{{{name}}}", value)
            body = caller.body(path, caller.document["paths"][path][one.method.lower()])
            if "json" in body:
                body["json"] |= IN_THE_NAME_OF_OTHER[path]
            answer = await everything.request(
                one.method, url, params=ASKED_FOR_OTHER.get(path, {}), headers={"If-Match": "*"}, **body
            )
            if answer.status_code not in {403, 404}:
                wrong.append((one.method, path, answer.status_code, answer.text))
        assert wrong == []


async def test_nobody_reviews_the_records_of_another_authority(database: Database) -> None:
    async with open_offices(database) as offices:
        reviewer = await offices.hire(Role.REVIEWER, authority="district")
        async with database.transaction() as session:
            others = await things_of(session, "other", "city", (offices.ids[reviewer],) * 2)
        absent = str(uuid4())
        answers = []
        for penalty in (others["penalty_id"], absent):
            one = {
                "uscc": others["uscc"],
                "id": penalty,
                "version_no": 1,
                "tier": "minor",
                "tier_basis": "xx",
                "signed": {},
            }
            answer = await reviewer.post("/v1/penalties/reviews", json={"approvals": [one]})
            assert answer.status_code >= 400
            bulk = {"records": [{name: one[name] for name in ("uscc", "id", "version_no")}], "signed": EYES}
            stays = await reviewer.post("/v1/penalties/reviews/bulk", json=bulk)
            assert stays.json()["items"][0]["approved"] is False
            answers.append((answer.text + stays.text).replace(penalty, "…"))
        assert answers[0] == answers[1]
