"""Vectorised twins of the plain readers, for imports of many rows.

The plain function alone defines a reading. A twin computes the regular forms in polars, or maps a text to a shorter one
that reads the same, and hands what is left, each distinct value once, to the plain function. Equality is held by tests.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Final, Literal

import polars as pl

from service.reading.amounts import read_amount
from service.reading.dates import read_date
from service.reading.document_numbers import read_document_no
from service.reading.kinds import read_kinds, read_kinds_by_words
from service.reading.money import read_clerk_amount
from service.reading.names import FORM_WORDS, SIMPLIFIED, fold_name, normalise_name
from service.reading.numerals import NUMERAL_CHARS

_Row = Mapping[str, object]
_TEXT: Final = "text"
_OFTEN: Final = 4  # a text that comes so often on average is worth being looked up
_KEPT: Final = 2**13

_NUMERALS: Final = "0-9零〇○一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟"
_HAN: Final = r"[\x{4e00}-\x{9fa5}]"
_WORDY: Final = rf"[\x{{4e00}}-\x{{9fa5}}--[{NUMERAL_CHARS}萬億元圆圓圎块角分第]]"
# Only a cited article, list numbers (1、 or 一、), words and plain punctuation before the one 罚款 that the sum stands at.
_REGULAR_FINE: Final = (
    rf"^(?P<prefix>(?:(?:依据|根据|按照)《{_WORDY}+》第[一二三四五六七八九十百]+条(?:第[一二三四五六七八九十]款)?[的之]?规定，)?(?:(?:[1-9一二三四五六七八九]、)?{_WORDY}+[，；。])*?(?:[1-9一二三四五六七八九]、)?{_WORDY}{{0,12}}?)"
    r"(?P<key>罚款(?:人民币)?(?:[0-9]{1,9}(?:\.[0-9]{1,6})?|[零一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟]{1,16})"
    r"(?:元整|元|万元整|万元)(?:（(?:￥|¥)?[0-9]{1,9}(?:\.[0-9]{1,2})?元?）)?[。；]?)$"
)
_OTHER_ROLES: Final = (
    r"罚款|罚金|加处|免|不予|不再|减|没收|收缴|罚没|责任|负责人|代表人|主管|个人|缴|交|汇|收到|投资|其中|每|以上|以下"
    r"|之内|以内|[共总合累]计|合并|综上|已付|人民币"
)
_OFFICE_WORDS: Final = r"书|号|公司|关于|依据|根据|期|表|情况|信息|名单|目录|公示|公告|公开|案件|清单|通报|汇总|统计|年"


def _by_distinct(
    texts: pl.Series, read: Callable[[str | None], _Row], schema: Mapping[str, pl.DataType]
) -> pl.DataFrame:
    distinct = texts.unique(maintain_order=True)
    rows = [read(text) for text in distinct]
    columns = [_column(name, [row[name] for row in rows], kind) for name, kind in schema.items()]
    known = pl.DataFrame([*columns, distinct.alias(_TEXT)])
    joined = texts.alias(_TEXT).to_frame().join(known, on=_TEXT, how="left", nulls_equal=True, maintain_order="left")
    return joined.select(list(schema))


def spread(texts: pl.Series, read: Callable[[pl.Series], pl.DataFrame]) -> pl.DataFrame:
    """Return what `read` makes of `texts`, read once for each distinct text where these are few."""
    distinct = texts.unique(maintain_order=True)
    if len(distinct) * _OFTEN > len(texts):
        return read(texts)
    known = read(distinct)
    told = known.with_columns(distinct.alias(_TEXT))
    joined = texts.alias(_TEXT).to_frame().join(told, on=_TEXT, how="left", nulls_equal=True, maintain_order="left")
    return joined.select(known.columns)


def _column(name: str, values: list[object], kind: pl.DataType) -> pl.Series:
    if not isinstance(kind, pl.List):
        return pl.Series(name, values, dtype=kind)
    # Few distinct lists of words: built once each, as building a list per row costs more than reading it.
    words = pl.Series(name, [" ".join(map(str, value)) if isinstance(value, tuple) else None for value in values])
    return words.cast(pl.String).str.extract_all(r"[a-z_]+").fill_null([])


def _merged(texts: pl.Series, fast: pl.DataFrame, read: Callable[[str | None], _Row]) -> pl.DataFrame:
    """Return `fast`, with the rows whose `is_read` is not true read by the plain function."""
    schema = {name: kind for name, kind in fast.schema.items() if name != "is_read"}
    is_read = fast.get_column("is_read").fill_null(value=False)
    left = texts.filter(~is_read)
    if left.is_empty():
        return fast.select(list(schema))
    slow = _by_distinct(left, read, schema)
    row = pl.int_range(fast.height, dtype=pl.UInt32, eager=True).alias("row")
    parts = [fast.with_columns(row).filter(is_read).drop("is_read"), slow.with_columns(row.filter(~is_read))]
    return pl.concat(parts).sort("row").select(list(schema))


def read_dates(series: pl.Series, *, date1904: bool = False) -> pl.DataFrame:
    """Return `value` (Date) and `problem` for each text of `series`, in order; as `dates.read_date`."""
    return spread(series.cast(pl.String), partial(_read_dates, date1904=date1904))


def _read_dates(texts: pl.Series, *, date1904: bool) -> pl.DataFrame:
    groups = texts.str.extract_groups(
        r"^([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?(?: 00:00:00)?$"
    ).struct.unnest()
    year, month, day = (groups.get_column(name) for name in groups.columns)
    written = year + "-" + month.str.zfill(2) + "-" + day.str.zfill(2)
    value = written.str.to_date("%Y-%m-%d", strict=False).rename("value")
    in_range = value.dt.year().is_between(1949, 2100)
    problem = pl.Series("problem", [None], dtype=pl.String).new_from_index(0, len(texts))
    fast = pl.DataFrame([value, problem, in_range.rename("is_read")])

    def read(text: str | None) -> _Row:
        reading = read_date(text, date1904=date1904)
        return {"value": reading.value, "problem": reading.problem}

    return _merged(texts, fast, read)


def read_clerk_amounts(series: pl.Series, unit: Literal["yuan", "wan"]) -> pl.Series:
    """Return the fen (Int64, null for none) of each cell of an amount column; as `money.read_clerk_amount`."""
    return spread(series.cast(pl.String), partial(_read_clerk_amounts, unit=unit)).get_column("value")


def _read_clerk_amounts(texts: pl.Series, unit: Literal["yuan", "wan"]) -> pl.DataFrame:
    places = 6 if unit == "wan" else 2
    groups = texts.str.extract_groups(rf"^([0-9]{{1,9}})(?:\.([0-9]{{1,{places}}}))?$").struct.unnest()
    whole, fraction = (groups.get_column(name) for name in groups.columns)
    fen = (whole + fraction.fill_null("").str.pad_end(places, "0")).cast(pl.Int64, strict=False).rename("value")
    fast = pl.DataFrame([fen, fen.is_not_null().rename("is_read")])
    return _merged(texts, fast, lambda text: {"value": read_clerk_amount(text, unit=unit)})


_read_amount: Final = lru_cache(_KEPT)(read_amount)


def read_amounts(series: pl.Series) -> pl.DataFrame:
    """Return `fine_fen`, `confiscation_fen`, `stated` and `flags` (a list) for each penalty text; as `amounts.read_amount`.

    A regular text is one fine at its end behind words that cannot change its meaning; it reads as its end alone.
    """
    return spread(series.cast(pl.String), _read_amounts)


def _read_amounts(texts: pl.Series) -> pl.DataFrame:
    groups = texts.str.extract_groups(_REGULAR_FINE).struct.unnest()
    key = groups.get_column("key")
    is_regular = key.is_not_null() & ~groups.get_column("prefix").str.contains(_OTHER_ROLES).fill_null(value=True)
    schema = {
        "fine_fen": pl.Int64(),
        "confiscation_fen": pl.Int64(),
        "stated": pl.String(),
        "flags": pl.List(pl.String),
    }
    keys = key.zip_with(is_regular, texts)

    def read(text: str | None) -> _Row:
        reading = _read_amount(text)
        return {
            "fine_fen": reading.fine_fen,
            "confiscation_fen": reading.confiscation_fen,
            "stated": reading.stated,
            "flags": reading.flags,
        }

    return _by_distinct(keys, read, schema)


def read_document_nos(series: pl.Series) -> pl.DataFrame:
    """Return `normalised` and `problem` for each document number; as `document_numbers.read_document_no`."""
    return spread(series.cast(pl.String), _read_document_nos)


def _read_document_nos(texts: pl.Series) -> pl.DataFrame:
    groups = texts.str.extract_groups(
        rf"^({_HAN}{{2,12}})[（(〔\[【{{﹝](20[0-9]{{2}})[）)〕\]】}}﹞](第?[0-9]{{1,12}})号$"
    ).struct.unnest()
    office, year, serial = (groups.get_column(name) for name in groups.columns)
    normalised = (office + "〔" + year + "〕" + serial + "号").rename("normalised")
    is_read = normalised.is_not_null() & ~office.str.contains(_OFFICE_WORDS)
    problem = pl.Series("problem", [None], dtype=pl.String).new_from_index(0, len(texts))
    fast = pl.DataFrame([normalised, problem, is_read.rename("is_read")])

    def read(text: str | None) -> _Row:
        reading = read_document_no(text)
        return {"normalised": reading.normalised, "problem": reading.problem}

    return _merged(texts, fast, read)


def read_kinds_series(series: pl.Series, *, codes: bool = False) -> pl.DataFrame:
    """Return `kinds` (a list, light to heavy), `measures_only` and `problem` for each text; as `kinds.read_kinds`.

    Texts that name a fine and differ in their numerals only are read once.
    """
    return spread(series.cast(pl.String), partial(_read_kinds, codes=codes))


def _read_kinds(texts: pl.Series, *, codes: bool) -> pl.DataFrame:
    alike = texts.str.replace_all(rf"[{_NUMERALS}]", "0").zip_with(
        texts.str.contains("罚款").fill_null(value=False), texts
    )
    by_words = {text: read_kinds_by_words(text, codes=codes) for text in alike.unique()}
    needs_amount = [text for text, reading in by_words.items() if reading is None]
    keys = texts.zip_with(alike.is_in(needs_amount), alike) if needs_amount else alike

    def read(text: str | None) -> _Row:
        reading = by_words.get(text) or read_kinds(text, codes=codes)
        return {
            "kinds": reading.kinds,
            "measures_only": reading.measures_only,
            "problem": reading.problem,
        }

    return _by_distinct(
        keys, read, {"kinds": pl.List(pl.String), "measures_only": pl.Boolean(), "problem": pl.String()}
    )


def normalise_names(series: pl.Series) -> pl.Series:
    """Return the display form of each name, "" for null; as `names.normalise_name`."""
    texts = series.cast(pl.String)
    is_read = texts.str.contains(rf"^(?:(?:{_HAN}|[（）() 　])+|(?:{_HAN}|[（）()0-9A-Za-z])+)$")
    plain = texts.str.replace_many(["(", ")", " ", "　"], ["（", "）", "", ""])
    fast = pl.DataFrame([plain.rename("value"), is_read.rename("is_read")])
    return _merged(texts, fast, lambda text: {"value": normalise_name(text)}).get_column("value")


def fold_names(series: pl.Series) -> pl.Series:
    """Return the folded form of each name, "" for null; as `names.fold_name`."""
    texts = series.cast(pl.String)
    is_read = texts.str.contains(rf"^(?:{_HAN}|[（）()0-9A-Za-z])+$")
    plain = texts.str.to_lowercase().str.replace_all("[（）()]", "")
    plain = plain.str.replace_many(list(SIMPLIFIED), list(SIMPLIFIED.values()))
    folded = plain.str.replace_all(FORM_WORDS, "")
    # A name of form words only keeps them.
    fast = pl.DataFrame([folded.zip_with(folded != "", plain).rename("value"), is_read.rename("is_read")])
    return _merged(texts, fast, lambda text: {"value": fold_name(text)}).get_column("value")


def bigram_lists(folded: pl.Series) -> pl.Series:
    """Return the distinct pairs of neighbouring characters of each folded name, as `names.bigrams`; none for null."""
    # Every character twice, less the first and the last: the pairs then stand side by side.
    doubled = folded.fill_null("").str.replace_all("(?s)(.)", "$1$1")
    pairs = doubled.str.slice(1).str.head(-1).str.extract_all("(?s)..")
    lone = folded.str.len_chars() == 1
    if lone.any():
        pairs = pl.select(pl.when(lone).then(pl.concat_list(folded)).otherwise(pairs)).to_series()
    return pairs.list.unique(maintain_order=True)
