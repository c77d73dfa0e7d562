"""Rows of a blacklist file, read into the columns of `blacklist_entry_version`."""

import polars as pl

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
from service.imports.interpret.windows import entry_window_columns
from service.imports.shapes import BLACKLIST
from service.imports.staging import Interpreted
from service.personal_data.bulk import blank_series
from service.reading.bulk import normalise_names, read_dates
from service.tables.chunk import Chunk

_TEXTS = ("grounds", "removal_grounds", "remark")


def blacklist_rows(chunk: Chunk, context: Context, first_n: int) -> Interpreted:
    """Return the rows of `chunk`, numbered from `first_n`, for staging."""
    seen, cells, digests = unseen(chunk, context, first_n)
    if not cells.height:
        return Interpreted(seen, {}, {}, 0)
    staged: dict[str, pl.Series] = {"n": cells.n, "line": cells.line}
    staged["row_digest"] = digests
    code = codes(cells)
    outcome, reason = code.get_column("outcome"), code.get_column("reason")
    content: dict[str, pl.Series] = {}
    content["party_name"] = normalise_names(cells.field("party_name")).replace("", None)
    lists, trouble = _lists(cells, context)
    content["list_id"] = lists
    reason = reason.zip_with(reason.is_not_null(), trouble)
    dates, trouble = _dates(cells, context)
    content |= dates
    reason = reason.zip_with(reason.is_not_null(), trouble)
    held = Words(cells.height)
    for name in _TEXTS:
        content[name], found = blank_series(cells.field(name))
        held.add(name, found)
    content["held_texts"] = held.column(_TEXTS)
    for name in ("document_no", "removal_document_no", "external_id"):
        content[name] = cells.field(name)
    authority = context.catalog.authorities_named
    stated = cells.field("authority_name")
    known = {text: authority(text) for text in stated.unique() if text is not None}
    content["authority_code"] = pl.Series(
        [known[text][0].code if text and known[text] else context.authority.code for text in stated], dtype=pl.String
    )
    content["authority_name"] = stated.fill_null(context.authority.name)
    if context.source is None:
        foreign = content["authority_code"] != context.authority.code
        reason = reason.set(foreign & reason.is_null(), "authority_mismatch")
    quarantined = reason.is_not_null() & ~(outcome == "natural_person").fill_null(value=False)
    outcome = outcome.set(quarantined, "quarantined")
    content |= entry_window_columns(content, context)
    content["flags"] = pl.repeat("{}", cells.height, eager=True)
    content["raw"] = cells.unknown_json()
    staged["outcome"] = outcome
    staged["reasons"] = reason_column(reason, quarantined)
    staged["uscc"] = code.get_column("code")
    staged["natural_key"] = pl.select(
        pl.concat_str([content["list_id"], content["listed_on"].cast(pl.String)], separator="|", ignore_nulls=True)
    ).to_series()
    staged["content_digest"] = digest_column([content[name] for name in BLACKLIST.compared])
    staged["new_id"] = new_ids(cells.height, context.accepted_at)
    staged["old_value"] = code.get_column("old_value")
    waiting = (outcome == "waiting").fill_null(value=False)
    staged["waiting_for"] = code.get_column("old_value").zip_with(waiting, cells.nulls())
    named = content["party_name"].set((outcome == "natural_person").fill_null(value=False), None)
    first = cells.context.named.meet(staged["uscc"], named)
    staged["folded_name"], staged["bigrams"] = folded_names(named, first | staged["uscc"].is_null())
    staged["content"] = cells.contents(waiting | (outcome == "quarantined").fill_null(value=False))
    return Interpreted(seen, staged, content, cells.height)


def _lists(cells: Cells, context: Context) -> tuple[pl.Series, pl.Series]:
    """The list of each row: the one asked for at import, else the one its cell names."""
    if context.blacklist is not None:
        return pl.repeat(context.blacklist.id, cells.height, eager=True), cells.nulls()
    stated = cells.field("list_name")
    found = {text: context.catalog.find_list(text) for text in stated.unique() if text is not None}
    ids = [None if text is None or found[text] is None else found[text].id for text in stated]  # type: ignore[union-attr]
    reason = [
        None if one is not None else "no_list" if text is None else "several_lists" if "、" in text else "unknown_list"
        for text, one in zip(stated, ids, strict=True)
    ]
    return pl.Series(ids, dtype=pl.String), pl.Series(reason, dtype=pl.String)


def _dates(cells: Cells, context: Context) -> tuple[dict[str, pl.Series], pl.Series]:
    reason = cells.nulls()
    read = {
        name: read_dates(cells.field(name)) for name in ("listed_on", "published_on", "removed_on", "publish_until")
    }
    listed = read["listed_on"].get_column("value")
    unread = cells.field("listed_on").is_not_null() & listed.is_null()
    reason = reason.set(unread, "unreadable_listed_on")
    for name in ("removed_on", "publish_until"):
        column = read[name]
        bad = cells.field(name).is_not_null() & column.get_column("value").is_null()
        reason = reason.set(bad & reason.is_null(), f"unreadable_{name}")
    missing = listed.is_null()
    given = context.listed_on
    assumed = given is not None and context.listed_on_basis is None
    if given is None:
        reason = reason.set(missing & reason.is_null(), "no_listed_on")
    else:
        listed = pl.select(pl.when(missing).then(pl.lit(given)).otherwise(listed)).to_series()
    future = (listed > context.accepted_on).fill_null(value=False)
    reason = reason.set(future & reason.is_null(), "listed_on_in_future")
    removed = read["removed_on"].get_column("value")
    reason = reason.set((removed < listed).fill_null(value=False) & reason.is_null(), "removed_before_listed")
    grade = pl.repeat("stated", cells.height, eager=True).set(missing, "assumed" if assumed else "stated")
    basis = cells.nulls().set(missing, context.listed_on_basis) if context.listed_on_basis else cells.nulls()
    return {
        "listed_on": listed,
        "listed_on_grade": grade,
        "listed_on_basis": basis,
        "removed_on": removed,
        "stated_until": read["publish_until"].get_column("value"),
        "published_on": read["published_on"].get_column("value"),
    }, reason
