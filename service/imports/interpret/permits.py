"""Rows of a file of permits (双公示, 行政许可), read into the columns of `credit_record_version`."""

from typing import Final

import orjson
import polars as pl

from service.imports.interpret.authorities import authority_columns
from service.imports.interpret.cells import (
    Cells,
    Words,
    codes,
    digest_column,
    folded_names,
    new_ids,
    reason_column,
    unseen,
)
from service.imports.interpret.context import Context
from service.imports.shapes import PERMITS
from service.imports.staging import Interpreted
from service.personal_data.bulk import blank_series
from service.reading.bulk import normalise_names, read_dates, read_document_nos
from service.reading.dates import read_date_range
from service.tables.chunk import Chunk

CLASS: Final = "permit"
#: Most characters of a text, as of a permit that is recorded by hand.
LONGEST: Final = 4000
_KINDS: Final = ("普通", "特许", "认可", "核准", "登记", "其他")
_BODY: Final = ("permit_name", "certificate_name", "certificate_no", "content")
_TEXTS: Final = (*_BODY, "permit_kind", "remark")


def permit_rows(chunk: Chunk, context: Context, first_n: int) -> Interpreted:
    """Return the rows of `chunk`, numbered from `first_n`, for staging."""
    seen, cells, digests = unseen(chunk, context, first_n)
    if not cells.height:
        return Interpreted(seen, {}, {}, 0)
    code = codes(cells)
    outcome, reason = code.get_column("outcome"), code.get_column("reason")
    content: dict[str, pl.Series] = {"class_id": pl.repeat(CLASS, cells.height, eager=True)}
    content["party_name"] = normalise_names(cells.field("party_name")).replace("", None)
    reason = reason.set(content["party_name"].is_null() & reason.is_null(), "missing_name")
    authority, trouble = authority_columns(cells, context)
    content |= authority
    reason = _first(reason, trouble)
    texts, content["held_texts"] = _texts(cells)
    content["remark"] = texts["remark"]
    for name in ("source_org", "legal_representative"):
        content[name] = cells.field(name)
    content["title"] = texts["certificate_name"].zip_with(texts["certificate_name"].is_not_null(), texts["permit_name"])
    content["body"], trouble = _bodies(texts)
    reason = _first(reason, trouble)
    read = read_document_nos(cells.field("document_no"))
    content["document_no"], content["document_key"] = cells.field("document_no"), read.get_column("normalised")
    dates, trouble = _dates(cells, context)
    content |= dates
    reason = _first(reason, trouble)
    flags = Words(cells.height)
    flags.add("no_document_number", content["document_key"].is_null())
    content["flags"] = flags.column()
    content["raw"] = cells.unknown_json()

    is_person = (outcome == "natural_person").fill_null(value=False)
    quarantined = reason.is_not_null() & ~is_person
    outcome = outcome.set(quarantined, "quarantined")
    waiting = (outcome == "waiting").fill_null(value=False)
    unknown = (reason == "waiting_authority").fill_null(value=False)
    named = content["party_name"].set(is_person, None)
    first = context.named.meet(code.get_column("code"), named)
    folded, bigrams = folded_names(named, first | code.get_column("code").is_null())
    old = code.get_column("old_value")
    stated = cells.field("authority_name").fill_null(cells.field("authority_uscc"))
    staged: dict[str, pl.Series] = {
        "n": cells.n,
        "line": cells.line,
        "row_digest": digests,
        "outcome": outcome,
        "reasons": reason_column(reason, quarantined),
        "uscc": code.get_column("code"),
        "natural_key": _natural_keys(content),
        "content_digest": digest_column([content[name] for name in PERMITS.compared]),
        "new_id": new_ids(cells.height, context.accepted_at),
        "old_value": old,
        "waiting_for": pl.select(pl.when(waiting).then(old).when(unknown).then(stated)).to_series(),
        "folded_name": folded,
        "bigrams": bigrams,
        "content": cells.contents(waiting | (outcome == "quarantined").fill_null(value=False)),
    }
    return Interpreted(seen, staged, content, cells.height)


def _first(one: pl.Series, other: pl.Series) -> pl.Series:
    return one.zip_with(one.is_not_null(), other)


def _texts(cells: Cells) -> tuple[dict[str, pl.Series], pl.Series]:
    held = Words(cells.height)
    texts = {}
    for name in _TEXTS:
        texts[name], found = blank_series(cells.field(name))
        held.add(name, found)
    return texts, held.column(_TEXTS)


def _bodies(texts: dict[str, pl.Series]) -> tuple[pl.Series, pl.Series]:
    """The body of each row after the schema of its class, and what is wrong with it."""
    bodies, reasons = [], []
    rows = zip(texts["permit_kind"].to_list(), *(texts[name].to_list() for name in _BODY), strict=True)
    for stated, *values in rows:
        body = {name: value for name, value in zip(_BODY, values, strict=True) if value is not None}
        kind = next((one for one in _KINDS if (stated or "").startswith(one)), None)
        reason = None
        if not {"permit_name", "content"} <= body.keys():
            reason = "no_permit_stated"
        elif kind is None or stated is None:
            reason = "unknown_permit_kind"
        elif any(len(value) > LONGEST for value in body.values()):
            reason = "cell_too_large"
        else:
            body["permit_kind"] = kind
            other = stated.removeprefix(kind).strip(" -—－_:：")
            if kind == "其他" and other:
                body["permit_kind_other"] = other
        bodies.append(orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode())
        reasons.append(reason)
    return pl.Series("body", bodies, dtype=pl.String), pl.Series("reason", reasons, dtype=pl.String)


def _dates(cells: Cells, context: Context) -> tuple[dict[str, pl.Series], pl.Series]:
    content: dict[str, pl.Series] = {}
    reason = cells.nulls()
    for name in ("decided_on", "valid_from", "valid_until"):
        stated = cells.field(name)
        content[name] = read_dates(stated).get_column("value")
        unread = stated.is_not_null() & content[name].is_null()
        if name == "valid_until":
            endless = [text for text in stated.filter(unread).unique() if read_date_range(text).is_open_ended]
            unread &= ~stated.is_in(endless).fill_null(value=False)
        reason = reason.set(unread & reason.is_null(), f"unreadable_{name}")
    decided = content["decided_on"]
    reason = reason.set(decided.is_null() & reason.is_null(), "no_decided_on")
    future = (decided > context.accepted_on).fill_null(value=False)
    reason = reason.set(future & reason.is_null(), "decided_on_in_future")
    first = content["valid_from"].zip_with(content["valid_from"].is_not_null(), decided)
    reversed_ = (content["valid_until"] < first).fill_null(value=False)
    reason = reason.set(reversed_ & reason.is_null(), "valid_until_before_valid_from")
    return content, reason


def _natural_keys(content: dict[str, pl.Series]) -> pl.Series:
    """`class|authority|number`; without a number `class|authority|day|digest of the body`, as `service.credit_records` keys them."""
    number = content["document_key"]
    without = (
        content["decided_on"].cast(pl.String).fill_null("no day") + "|" + digest_column([content["body"]]).str.slice(2)
    )
    number = number.zip_with(number.is_not_null(), without)
    return pl.select(content["class_id"] + "|" + content["authority_code"] + "|" + number).to_series()
