from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response

from schemas.documents import DocumentOut
from schemas.letters import DocumentWanted, TemplatePage
from service.documents.endpoints import EXAMPLE, document_view
from service.documents.rules import RecordKind
from service.http import KEY_REFUSALS, PUBLIC, ActorDep, CatalogDep, Now, answers, json_response
from service.idempotency.http import REPEAT_REFUSALS, CreatingSessionDep
from service.letters.actions import Wanted, make_document
from service.letters.rules import (
    FactsMissing,
    FactsNotAsked,
    MayNotMake,
    NoSuchTemplate,
    NotItsState,
    Template,
    facts,
    templates,
)
from service.records.rules import NoSuchRecord
from service.repair.rules import NoSuchCase
from service.status.actions import read_uscc
from service.status.rules import MalformedUscc
from service.subjects.endpoints import OWN, Uscc

router = APIRouter(prefix="/v1", tags=["documents"])
ASKED: Final = {
    "template": "repair_notice",
    "facts": {"letter_no": "渝示信修告〔2026〕8号", "contact": "重庆市江北区示例路1号"},
}


def _template_view(template: Template) -> dict[str, Any]:
    named = [facts()[name] for name in (*template.facts, *template.optional)]
    return {
        "id": template.id,
        "title": template.title,
        "record": template.record,
        "kind": template.kind,
        "roles": sorted(template.roles | template.higher),
        "states": sorted(template.states),
        "citation": template.citation,
        "facts": [
            {
                "id": one.id,
                "words": one.en,
                "words_zh": one.zh,
                "needed": one.id in template.facts,
                "may_be_stated": one.stated,
                "day": one.day,
            }
            for one in named
        ],
    }


@router.get(
    "/catalog/document-templates",
    dependencies=[PUBLIC],
    summary="List templates of official documents",
    response_model=TemplatePage,
    responses=answers({"items": [_template_view(templates()["termination_certificate"])]}),
)
async def list_templates() -> dict[str, Any]:
    """Give the templates, each with the law that names its contents and the facts that it needs."""
    return {"items": [_template_view(one) for one in templates().values()]}


@router.post(
    "/documents/{uscc}/{record_kind}/{record_id}/from-template",
    summary="Make a document from a template",
    status_code=201,
    response_model=DocumentOut,
    responses=answers(
        EXAMPLE,
        *KEY_REFUSALS,
        MalformedUscc,
        NoSuchRecord,
        NoSuchCase,
        NoSuchTemplate,
        MayNotMake,
        NotItsState,
        FactsNotAsked,
        FactsMissing,
        *REPEAT_REFUSALS,
        status=201,
        words="The document, kept with the record; the same facts on the same day give the one made before.",
        headers=("Location",),
    ),
)
async def make_from_template(
    uscc: Uscc,
    record_kind: RecordKind,
    record_id: UUID,
    body: Annotated[DocumentWanted, Body(examples=[ASKED])],
    request: Request,
    actor: ActorDep,
    session: CreatingSessionDep,
    catalog: CatalogDep,
    response: Response,
    now: Now,
) -> Response:
    """Make an official document (PDF, Chinese) from the record's facts: notices of publication, of repair and before a listing,
    receipts of service, a consent, decisions on repairs, a certificate that publication ended. A missing fact is named.
    """  # noqa: D205 - one sentence on two lines
    code, _ = read_uscc(uscc)
    wanted = Wanted(code, record_kind, record_id, body.template, body.facts)
    made = await make_document(session, catalog, request.app.state.press, wanted=wanted, actor=actor, now=now)
    response.headers["Location"] = f"/v1/documents/{code}/{record_id}/{made.id}"
    return json_response(document_view(made), status=201, headers=OWN | dict(response.headers))
