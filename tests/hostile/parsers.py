"""Everything here that reads what others wrote, as functions that take any bytes and fail only where the reader is wrong.

A target may refuse, in the way its docstring says; it must not fail in any other way, and what it accepts keeps the rules
that stand beside it. The same targets serve the property tests, the kept failures and the fuzzer.
"""

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from service.errors import Refusal
from service.http import decode_cursor, encode_cursor, matches_etag
from service.limits.rules import address_key, read_rates
from service.personal_data.rules import scan
from service.problems import prefers_chinese
from service.reading.amounts import read_amount
from service.reading.capital import read_capital
from service.reading.dates import read_date, read_date_range
from service.reading.document_numbers import read_document_no
from service.reading.kinds import read_kinds
from service.reading.money import read_clerk_amount
from service.reading.names import bigrams, fold_name, normalise_name
from service.status.rules import read_moment
from service.strict_json import MOST_LEVELS, NotStrict, check_json
from service.tables.chunk import Limits
from service.tables.problems import TableProblem
from service.tables.reader import open_table
from service.uscc.rules import check
from service.versions import read_expected_version

NOW: Final = datetime(2026, 11, 24, 4, tzinfo=UTC)
SMALL: Final = Limits(columns=32, cell=2000, cells=20_000, unpacked=2_000_000, ratio_from=200_000, line=100_000)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def uscc(data: bytes) -> None:
    """A code that is accepted is in its normal form, and accepted again as it is."""
    found = check(_text(data))
    if found.code is not None:
        assert len(found.code) == 18
        assert check(found.code).code == found.code


def dates(data: bytes) -> None:
    """A day that is read is read again from its ISO form."""
    text = _text(data)
    read_date_range(text)
    for date1904 in (False, True):
        read = read_date(text, date1904=date1904)
        if read.value is not None:
            assert read_date(read.value.isoformat()).value == read.value


def amounts(data: bytes) -> None:
    """Amounts are fen, never negative."""
    text = _text(data)
    read_amount(text)
    read_capital(text)
    for unit in ("yuan", "wan"):
        fen = read_clerk_amount(text, unit=unit)
        assert fen is None or fen >= 0


def document_numbers(data: bytes) -> None:
    """What was normalised is a number, short enough to be a key, when it is read again."""
    key = read_document_no(_text(data)).normalised
    if key is not None:
        assert len(key) <= 320
        assert read_document_no(key).normalised is not None


def kinds(data: bytes) -> None:
    """Kinds are read from any text."""
    read_kinds(_text(data))
    read_kinds(_text(data), codes=True)


def names(data: bytes) -> None:
    """Normalising and folding a name a second time changes nothing."""
    text = _text(data)
    normal, folded = normalise_name(text), fold_name(text)
    assert normalise_name(normal) == normal
    assert fold_name(folded) == folded
    bigrams(folded)


def personal_data(data: bytes) -> None:
    """Findings lie within the text."""
    text = _text(data)
    for found in scan(text):
        assert 0 <= found.start < found.end <= len(text)


def moments(data: bytes) -> None:
    """A moment that is accepted has its offset and is not in the future."""
    try:
        moment = read_moment(_text(data), parameter="as_of", now=NOW)
    except Refusal:
        return
    assert moment.tzinfo is not None
    assert moment <= NOW


def cursors(data: bytes) -> None:
    """A cursor that is accepted is one of texts, which come back from it."""
    try:
        key = decode_cursor(_text(data))
    except Refusal:
        return
    assert decode_cursor(encode_cursor(key)) == key


def fields(data: bytes) -> None:
    """Header fields are read or refused."""
    text = data.decode("latin-1")
    prefers_chinese(text)
    matches_etag(text, '"7"')
    address_key(text)
    try:
        read_expected_version(text, text)
    except Refusal:
        return


def rates(data: bytes) -> None:
    """Rates are read or refused with a `ValueError`."""
    try:
        read_rates(_text(data))
    except ValueError:
        return


def addresses(data: bytes) -> None:
    """What is no address stands for itself, shortened."""
    text = _text(data)
    try:
        ip_address(text)
    except ValueError:
        assert address_key(text) == text[:100]


def strict_json(data: bytes) -> None:
    """What is accepted is JSON for another reader too, with each member once and within the depth."""
    try:
        check_json(data)
    except NotStrict:
        return
    assert depth(json.loads(data)) <= MOST_LEVELS


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


def tables(data: bytes) -> None:
    """A file is a table, whose columns are equally long, or a problem that says so."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        try:
            with open_table(Path(file.name), limits=SMALL) as table:
                for chunk in table.chunks():
                    assert {len(column) for column in chunk.columns} <= {len(chunk.lines)}
        except TableProblem:
            return


TARGETS: Final[dict[str, Callable[[bytes], None]]] = {
    target.__name__: target
    for target in (
        uscc, dates, amounts, document_numbers, kinds, names, personal_data, moments, cursors, fields, rates, addresses,
        strict_json, tables,
    )
}  # fmt: skip

#: What each fuzzer begins with, so that it need not find the first step by itself.
SEEDS: Final[dict[str, tuple[str, ...]]] = {
    "uscc": ("91500000XY0000012K", "９１５００００0xy0000012k ", "500105000000016", "110101199003074514"),
    "dates": (
        "2026-11-24",
        "2026年11月24日",
        "二〇二六年十一月二十四日",
        "20261124",
        "46350",
        "2026.1.2-2026.3.4",
        "长期",
    ),
    "amounts": (
        "罚款人民币5000元",
        "处以货值金额3倍罚款，计1.5万元",
        "没收违法所得贰仟元整；罚款叁万元",
        "12,345.67",
        "500万元人民币",
    ),
    "document_numbers": ("渝市监罚〔2026〕17号", "渝市监罚(2026)第17-2号", "[2026]17"),
    "kinds": ("罚款;没收违法所得", "警告、通报批评", "1,3", "吊销许可证件"),
    "names": ("重庆星屿贸易有限公司", "（重慶）ＡＢＣ有限責任公司", "张三（个体工商户）"),
    "personal_data": ("身份证号110101199003074514", "电话13912345678", "渝A12345", "重庆市渝北区示例路1号2-3"),
    "moments": ("2026-11-24", "2026-11-24T12:00:00+08:00", "2026-11-24T12:00:00 08:00", "2026-W48-2"),
    "cursors": (encode_cursor(("a", "b")), "WyJhIl0", "W10"),
    "fields": ("zh-CN,zh;q=0.9,en;q=0.8", '"3", W/"4.20261124"', "*", "2001:db8::1"),
    "rates": ("1000/10 seconds; 60000/hour", "off"),
    "addresses": ("192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1%eth0"),
    "strict_json": ('{"a":[1,2.5,"x",null,true]}', '{"a":1,"a":2}', "[[[[[]]]]]", '"\\ud800"', "1e999"),
    "tables": (
        "企业名称,统一社会信用代码\n示例有限公司,91500000XY0000012K\n",
        '{"企业名称": "示例", "处罚文号": "x"}\n',
        '企业名称\t统一社会信用代码\r\n"a\nb"\tc\r\n',
    ),
}
