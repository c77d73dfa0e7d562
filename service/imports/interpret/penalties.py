"""Rows of a penalty file, read into the columns of `penalty_version` (schemas/columns says which column is which field)."""

from datetime import date

import polars as pl

from service.imports.interpret.authorities import authority_columns
from service.imports.interpret.cells import (
    Cells,
    Words,
    array_column,
    codes,
    digest_column,
    folded_names,
    new_ids,
    reason_column,
    unseen,
)
from service.imports.interpret.context import Context
from service.imports.interpret.windows import penalty_window_columns
from service.imports.shapes import PENALTIES
from service.imports.staging import Interpreted
from service.personal_data.bulk import blank_series
from service.reading.bulk import (
    normalise_names,
    read_amounts,
    read_clerk_amounts,
    read_dates,
    read_document_nos,
    read_kinds_series,
)
from service.reading.restrictions import Restriction, read_restriction
from service.rulebook.periods import Term, last_day
from service.tables.chunk import Chunk

TEXTS = ("title", "violation_type", "violation_facts", "legal_basis", "penalty_content", "permit_affected", "remark")
_DATES = ("decided_on", "published_on", "valid_until", "publish_until")
_FIELDS = {
    "food": "食品",
    "drugs": "药品|药械|医疗器械|化妆品",
    "special_equipment": "特种设备",
    "work_safety": "安全生产",
    "fire": "消防",
}
_CASE_CATEGORY = "侵权|假冒|注册商标|专利|盗版|伪劣"
_STEPS = {"从重": "heavier", "从轻": "lighter", "减轻": "reduced", "一般": "ordinary"}


def penalty_rows(chunk: Chunk, context: Context, first_n: int) -> Interpreted:
    """Return the rows of `chunk`, numbered from `first_n`, for staging."""
    seen, cells, digests = unseen(chunk, context, first_n)
    if not cells.height:
        return Interpreted(seen, {}, {}, 0)
    staged: dict[str, pl.Series] = {"n": cells.n, "line": cells.line}
    staged["row_digest"] = digests
    code = codes(cells)
    content: dict[str, pl.Series] = {}
    outcome = code.get_column("outcome")
    reason = code.get_column("reason")
    flags = Words(cells.height)

    content["party_name"] = normalise_names(cells.field("party_name")).replace("", None)
    content["party_type"] = _party_type(cells, code.get_column("code"))
    authority, trouble = authority_columns(cells, context)
    content |= authority
    reason = _first(reason, trouble)
    content |= _texts(cells)
    content |= _document(cells, flags)
    dates, trouble = _dates(cells, context)
    content |= dates
    reason = _first(reason, trouble)
    content |= _money_and_kinds(cells, flags)
    content |= _classes(cells, content)
    content["restriction_until"] = _restriction_ends(cells, content, flags)
    empty = (
        content["document_key"].is_null()
        & (content["kinds"] == "{}")
        & content["fine_fen"].is_null()
        & content["penalty_content"].is_null()
        & content["violation_facts"].is_null()
    )
    reason = reason.set(empty & reason.is_null(), "no_penalty_stated")
    quarantined = reason.is_not_null() & ~(outcome == "natural_person").fill_null(value=False)
    outcome = outcome.set(quarantined, "quarantined")
    wanted = outcome.is_null() | (outcome == "waiting").fill_null(value=False)
    content |= penalty_window_columns(content, context, wanted)
    content["flags"] = flags.column()
    content["raw"] = cells.unknown_json()

    staged["outcome"] = outcome
    staged["reasons"] = reason_column(reason, quarantined)
    staged["uscc"] = code.get_column("code")
    staged["natural_key"] = _natural_keys(content)
    staged["content_digest"] = digest_column([content[name] for name in PENALTIES.compared])
    staged["new_id"] = new_ids(cells.height, context.accepted_at)
    old_value = code.get_column("old_value")
    staged["old_value"] = old_value
    unknown = (reason == "waiting_authority").fill_null(value=False)
    names = cells.field("authority_name").fill_null(cells.field("authority_uscc"))
    waiting = (outcome == "waiting").fill_null(value=False)
    staged["waiting_for"] = pl.select(pl.when(waiting).then(old_value).when(unknown).then(names)).to_series()
    named = content["party_name"].set((outcome == "natural_person").fill_null(value=False), None)
    first = cells.context.named.meet(staged["uscc"], named)
    staged["folded_name"], staged["bigrams"] = folded_names(named, first | staged["uscc"].is_null())
    staged["content"] = cells.contents((outcome.is_in(["quarantined", "waiting"])).fill_null(value=False))
    return Interpreted(seen, staged, content, cells.height)


def _first(one: pl.Series, other: pl.Series) -> pl.Series:
    return one.zip_with(one.is_not_null(), other)


def _party_type(cells: Cells, code: pl.Series) -> pl.Series:
    trader = code.str.starts_with("92").fill_null(value=False) | cells.field("party_type").str.contains(
        "个体"
    ).fill_null(value=False)
    return pl.repeat("organization", cells.height, eager=True).set(trader, "sole_trader")


def _texts(cells: Cells) -> dict[str, pl.Series]:
    content: dict[str, pl.Series] = {}
    held = Words(cells.height)
    for name in TEXTS:
        column = cells.field(name if name != "violation_type" or cells.has(name) else "case_name")
        if column.null_count() == cells.height:
            content[name] = column
            continue
        blanked, found = blank_series(column)
        held.add(name, found)
        content[name] = blanked
    content["held_texts"] = held.column(TEXTS)
    content["source_org"] = cells.field("source_org")
    content["legal_representative"] = cells.field("legal_representative")
    return content


def _document(cells: Cells, flags: Words) -> dict[str, pl.Series]:
    stated = cells.field("document_no")
    read = read_document_nos(stated)
    key = read.get_column("normalised")
    problem = read.get_column("problem")
    shown = stated
    if cells.has("title"):
        title = read_document_nos(cells.field("title"))
        from_title = key.is_null() & title.get_column("normalised").is_not_null()
        key = key.zip_with(~from_title, title.get_column("normalised"))
        shown = shown.zip_with(~from_title, title.get_column("normalised"))
        problem = problem.zip_with(~from_title, title.get_column("problem"))
    flags.add("no_document_number", key.is_null())
    for word in ("incomplete", "repaired", "several"):
        flags.add(f"document_no_{word}", (problem == word) & key.is_not_null())
    return {"document_no": shown, "document_key": key}


def _dates(cells: Cells, context: Context) -> tuple[dict[str, pl.Series], pl.Series]:
    content: dict[str, pl.Series] = {}
    reason = cells.nulls()
    for name in _DATES:
        read = read_dates(cells.field(name))
        value, problem = read.get_column("value"), read.get_column("problem")
        target = "stated_until" if name == "publish_until" else name
        if name in {"decided_on", "published_on"}:
            unread = cells.field(name).is_not_null() & problem.is_not_null() & value.is_null()
            reason = reason.set(unread & reason.is_null(), f"unreadable_{name}")
            future = (value > context.accepted_on).fill_null(value=False)
            reason = reason.set(future & reason.is_null(), f"{name}_in_future")
        content[target] = value
    disordered = (content["published_on"] < content["decided_on"]).fill_null(value=False)
    reason = reason.set(disordered & reason.is_null(), "published_before_decided")
    return content, reason


def _money_and_kinds(cells: Cells, flags: Words) -> dict[str, pl.Series]:
    text = cells.field("penalty_content")
    read = read_amounts(text)
    text_fen = read.get_column("fine_fen")
    flags.add_lists(read.get_column("flags"))
    column_fen = _amounts(cells, "fine")
    flags.add("fine_column_unreadable", cells.field("fine").is_not_null() & column_fen.is_null())
    # A clerk's 0 beside an order without a fine says the same as the text: no fine.
    stated_column = column_fen.set((column_fen == 0).fill_null(value=False), None)
    flags.add("fine_contradiction", (text_fen != stated_column) & text_fen.is_not_null() & stated_column.is_not_null())
    flags.add("fine_only_in_column", text_fen.is_null() & stated_column.is_not_null() & text.is_not_null())
    fine = text_fen.zip_with(text_fen.is_not_null(), stated_column)
    gains_text = read.get_column("confiscation_fen")
    gains_column = _amounts(cells, "confiscation")
    gains_column = gains_column.set((gains_column == 0).fill_null(value=False), None)
    flags.add("confiscation_contradiction", (gains_text != gains_column).fill_null(value=False))
    gains = gains_column.zip_with(gains_column.is_not_null(), gains_text)

    stated = cells.field("penalty_kinds")
    second = cells.field("penalty_kinds_2")
    if second.null_count() < cells.height:
        stated = (
            pl.select(pl.concat_str([stated, second], separator=";", ignore_nulls=True)).to_series().replace("", None)
        )
    by_cell = read_kinds_series(stated)
    by_text = read_kinds_series(text)
    use_text = by_cell.get_column("kinds").list.len() == 0
    kinds = by_cell.get_column("kinds").zip_with(~use_text, by_text.get_column("kinds"))
    flags.add("kinds_from_text", use_text & (by_text.get_column("kinds").list.len() > 0))
    only_amount = (kinds.list.len() == 0) & fine.is_not_null()
    if only_amount.any():
        kinds = pl.select(pl.when(only_amount).then(pl.lit(["fine"])).otherwise(kinds)).to_series()
        flags.add("kinds_from_amount", only_amount)
    return {
        "fine_fen": fine,
        "fine_text_fen": text_fen,
        "fine_column_fen": column_fen,
        "confiscation_fen": gains,
        "kinds": array_column(kinds),
    }


def _amounts(cells: Cells, field: str) -> pl.Series:
    unit = cells.context.choice.units.get(field, "yuan")
    if unit == "fen":
        return cells.field(field).cast(pl.Int64, strict=False)
    return read_clerk_amounts(cells.field(field), unit)


def _restriction_ends(cells: Cells, content: dict[str, pl.Series], flags: Words) -> pl.Series:
    """The last day of a restriction of business or occupation: the column's, else what the text states plainly."""
    column = read_dates(cells.field("restriction_until")).get_column("value")
    restricts = content["kinds"].str.contains("activity_restriction|practice_ban").fill_null(value=False)
    places = (restricts & column.is_null() & content["penalty_content"].is_not_null()).arg_true()
    if places.is_empty():
        return column
    read = [read_restriction(text) for text in content["penalty_content"].gather(places)]
    days = content["decided_on"].gather(places)
    ends = [_end(one, decided_on) for one, decided_on in zip(read, days, strict=True)]
    nowhere = pl.repeat(value=False, n=cells.height, eager=True)
    flags.add("restriction_from_text", nowhere.clone().scatter(places, [end is not None for end in ends]))
    flags.add("restriction_for_life", nowhere.clone().scatter(places, [one.lifelong for one in read]))
    return column.clone().scatter(places, pl.Series(ends, dtype=pl.Date))


def _end(stated: Restriction, decided_on: date | None) -> date | None:
    start = stated.starts_on or decided_on
    if stated.months is None or start is None:
        return stated.until
    return last_day(start, Term(months=stated.months))


def _classes(cells: Cells, content: dict[str, pl.Series]) -> dict[str, pl.Series]:
    about = pl.select(
        pl.concat_str(
            [content["violation_type"], content["violation_facts"], content["legal_basis"]],
            separator=" ",
            ignore_nulls=True,
        )
    ).to_series()
    field = cells.nulls()
    stated = cells.field("field")
    for name, pattern in _FIELDS.items():
        hit = stated.str.contains(pattern).fill_null(value=False) | (
            stated.is_null() & about.str.contains(pattern).fill_null(value=False)
        )
        field = field.set(hit & field.is_null(), name)
    procedure = pl.repeat("ordinary", cells.height, eager=True).set(
        cells.field("procedure").str.contains("简易|当场").fill_null(value=False), "summary"
    )
    step = cells.nulls()
    for word, name in _STEPS.items():
        step = step.set(cells.field("discretion_step").str.contains(word).fill_null(value=False) & step.is_null(), name)
    category = cells.nulls().set(about.str.contains(_CASE_CATEGORY).fill_null(value=False), "infringement_counterfeit")
    return {"field": field, "procedure": procedure, "discretion_step": step, "case_category": category}


def _natural_keys(content: dict[str, pl.Series]) -> pl.Series:
    """`authority|number`; without a number `authority|day|digest of the text` (house decision 12)."""
    number = content["document_key"]
    without = number.is_null().arg_true()
    if len(without):
        day = content["decided_on"].zip_with(content["decided_on"].is_not_null(), content["published_on"])
        texts = [content[name].gather(without) for name in ("title", "violation_facts", "penalty_content", "fine_fen")]
        dated = day.gather(without).cast(pl.String).fill_null("no day")
        number = number.clone().scatter(without, pl.select(dated + "|" + digest_column(texts).str.slice(2)).to_series())
    return pl.select(content["authority_code"] + "|" + number).to_series()
