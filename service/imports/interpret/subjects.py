"""Rows of a registry extract, read into the columns of `subject_version`."""

import re

import polars as pl

from service.imports.interpret.cells import (
    Cells,
    codes,
    digest_column,
    folded_names,
    new_ids,
    reason_column,
    unseen,
)
from service.imports.interpret.context import Context
from service.imports.shapes import SUBJECTS
from service.imports.staging import Interpreted, array_literal
from service.personal_data.bulk import blank_series
from service.reading.bulk import normalise_names, read_dates
from service.reading.capital import read_capital
from service.reading.names import split_second_name
from service.tables.chunk import Chunk
from service.uscc.rules import check

# Words of registration states, the first that is found counts; what none of them names stays active only if blank.
_STATUS = (
    ("cancelled", "注销"),
    ("revoked", "吊销|撤销"),
    ("moved_out", "迁出"),
    ("active", "存续|在营|在业|开业|正常|登记成立"),
)
# Words of how a firm goes on under other codes, the first that is found counts.
_SUCCESSION = (
    ("merged", "合并|merged"),
    ("split", "分立|split"),
    ("code_changed", "代码变更|变更代码|换码|code_changed"),
)


def subject_rows(chunk: Chunk, context: Context, first_n: int) -> Interpreted:
    """Return the rows of `chunk`, numbered from `first_n`, for staging."""
    seen, cells, digests = unseen(chunk, context, first_n)
    if not cells.height:
        return Interpreted(seen, {}, {}, 0)
    staged: dict[str, pl.Series] = {"n": cells.n, "line": cells.line}
    staged["row_digest"] = digests
    code = codes(cells)
    outcome, reason = code.get_column("outcome"), code.get_column("reason")
    content, trouble = _content(cells, code.get_column("code"))
    reason = reason.zip_with(reason.is_not_null(), trouble)
    quarantined = reason.is_not_null() & ~(outcome == "natural_person").fill_null(value=False)
    outcome = outcome.set(quarantined, "quarantined")
    staged["outcome"] = outcome
    staged["reasons"] = reason_column(reason, quarantined)
    staged["uscc"] = code.get_column("code")
    staged["natural_key"] = code.get_column("code")
    staged["content_digest"] = digest_column([content[name] for name in SUBJECTS.compared])
    staged["new_id"] = new_ids(cells.height, context.accepted_at)
    waiting = (outcome == "waiting").fill_null(value=False)
    staged["old_value"] = code.get_column("old_value")
    staged["waiting_for"] = code.get_column("old_value").zip_with(waiting, cells.nulls())
    named = pl.repeat(value=True, n=cells.height, eager=True)
    staged["folded_name"], staged["bigrams"] = folded_names(content["name"], named)
    staged["content"] = cells.contents(waiting | (outcome == "quarantined").fill_null(value=False))
    return Interpreted(seen, staged, content, cells.height)


def _content(cells: Cells, code: pl.Series) -> tuple[dict[str, pl.Series], pl.Series]:
    reason = cells.nulls()
    second = [split_second_name(text) for text in cells.field("name")]
    name = normalise_names(pl.Series([one.name or None for one in second], dtype=pl.String)).replace("", None)
    reason = reason.set(name.is_null(), "missing_name")
    content: dict[str, pl.Series] = {"registered": pl.repeat("true", cells.height, eager=True), "name": name}
    stated = cells.field("former_names").fill_null("").str.split("、")
    content["former_names"] = pl.Series(
        [
            array_literal(
                dict.fromkeys([*filter(None, (text.strip() for text in former)), *([one.other] if one.other else [])])
            )
            for former, one in zip(stated, second, strict=True)
        ],
        dtype=pl.String,
    )
    for field in ("registered_on", "cancelled_on"):
        read = read_dates(cells.field(field))
        bad = cells.field(field).is_not_null() & read.get_column("value").is_null()
        reason = reason.set(bad & reason.is_null(), f"unreadable_{field}")
        content[field] = read.get_column("value")
    status = cells.nulls()
    text = cells.field("registration_status")
    for state, words in _STATUS:
        status = status.set(text.str.contains(words).fill_null(value=False) & status.is_null(), state)
    status = status.set(content["cancelled_on"].is_not_null() & status.is_null(), "cancelled")
    content["registration_status"] = status.set(status.is_null() & text.is_null(), "active").fill_null("unknown")
    capital_text = cells.field("registered_capital")
    capital = {one: read_capital(one) for one in capital_text.unique() if one is not None}
    content["capital_text"] = capital_text
    content["capital_minor"] = pl.Series(
        [capital[one].amount_minor if one is not None else None for one in capital_text], dtype=pl.Int64
    )
    content["capital_currency"] = pl.Series(
        [capital[one].currency if one is not None else None for one in capital_text], dtype=pl.String
    )
    for field in ("company_type", "legal_representative", "registering_authority", "tax_no"):
        content[field] = cells.field(field)
    content["business_scope"] = blank_series(cells.field("business_scope"))[0]
    content["registered_address"] = cells.field("registered_address")
    trader = code.str.starts_with("92").fill_null(value=False)
    content["party_type"] = pl.repeat("organization", cells.height, eager=True).set(trader, "sole_trader")
    content["division_code"] = _division(cells)
    content["region_text"] = (
        pl.select(
            pl.concat_str([cells.field("province"), cells.field("region_name")], separator=" ", ignore_nulls=True)
        )
        .to_series()
        .replace("", None)
    )
    content["reg_no"] = _reg_no(cells)
    content["org_code"] = pl.Series(
        [value if value and not check(value).is_key else None for value in cells.field("org_code")], dtype=pl.String
    )
    reason = _successors(cells, code, content, reason)
    reason = _former_codes(cells, code, content, reason)
    content["flags"] = pl.repeat("{}", cells.height, eager=True)
    content["raw"] = cells.unknown_json()
    return content, reason


def _successors(cells: Cells, code: pl.Series, content: dict[str, pl.Series], reason: pl.Series) -> pl.Series:
    """Read the codes under which firms go on and how, into `content`; return the reasons with those that cannot be read."""
    changed = cells.field("changed_code")
    stated = cells.field("successors").fill_null(changed)
    ways = _ways(cells)
    ways = ways.set(ways.is_null() & changed.is_not_null(), "code_changed")
    found = _codes_in(stated)
    bad = pl.Series(
        [
            one is not None
            and (not one or None in one or own in one or way is None or (way != "split" and len(one) > 1))
            for one, own, way in zip(found, code, ways, strict=True)
        ],
        dtype=pl.Boolean,
    )
    named = stated.is_not_null() & ~bad
    content["succession"] = ways.zip_with(named, cells.nulls())
    content["successors"] = pl.Series(
        [
            array_literal(dict.fromkeys(code for code in one or () if code is not None)) if good else "{}"
            for one, good in zip(found, named, strict=True)
        ],
        dtype=pl.String,
    )
    over = named & (ways != "split").fill_null(value=False) & cells.field("registration_status").is_null()
    content["registration_status"] = content["registration_status"].set(over, "cancelled")
    ended = content["cancelled_on"]
    content["succeeded_on"] = ended.zip_with(named, pl.Series([None] * cells.height, dtype=ended.dtype))
    return reason.set(bad & reason.is_null(), "unreadable_succession")


def _former_codes(cells: Cells, code: pl.Series, content: dict[str, pl.Series], reason: pl.Series) -> pl.Series:
    """Read the codes that went into these firms, and how; a firm's own code in that column says that nothing changed.

    One code is a changed code and several were merged, unless the row says how and names no successor, which those words
    would be about.
    """
    found = [
        None if one is None else [part for part in dict.fromkeys(one) if part != own or part is None]
        for one, own in zip(_codes_in(cells.field("former_code")), code, strict=True)
    ]
    bad = pl.Series([one is not None and None in one for one in found], dtype=pl.Boolean)
    content["former_codes"] = pl.Series(
        [array_literal([part for part in one or () if part is not None]) for one in found], dtype=pl.String
    )
    counts = pl.Series([len(one or ()) for one in found])
    ways = _ways(cells).zip_with(content["succession"].is_null(), cells.nulls())
    ways = ways.set(ways.is_null() & (counts > 1), "merged").set(ways.is_null() & (counts == 1), "code_changed")
    content["former_succession"] = ways.zip_with(counts > 0, cells.nulls())
    return reason.set(bad & reason.is_null(), "unreadable_former_code")


def _ways(cells: Cells) -> pl.Series:
    ways = cells.nulls()
    for way, words in _SUCCESSION:
        ways = ways.set(cells.field("succession").str.contains(words).fill_null(value=False) & ways.is_null(), way)
    return ways


def _codes_in(texts: pl.Series) -> list[list[str | None] | None]:
    """Return the codes that each text names, None for one that cannot be read; None for no text."""
    return [
        None if text is None else [check(part).code for part in re.split(r"[、，,;；\s]+", text) if part]
        for text in texts
    ]


def _division(cells: Cells) -> pl.Series:
    stated = cells.field("division_code")
    return stated.zip_with(stated.str.contains(r"^[0-9]{6}$").fill_null(value=False), cells.nulls())


def _reg_no(cells: Cells) -> pl.Series:
    """Old registration numbers in their normal form; a whole code in this column is no old number."""
    values = []
    for value in cells.field("reg_no"):
        found = check(value) if value else None
        values.append(found.old_identifier if found is not None and found.old_identifier else None)
    return pl.Series(values, dtype=pl.String)
