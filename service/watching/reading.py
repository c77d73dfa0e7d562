"""Uploads read in blocks of whole lines: `CODE` or `CODE,REFERENCE`, in a difference with `+` or `-` before the code.

What a malformed line holds is never repeated: it may be somebody's identity number.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import IO, Final

import polars as pl

from service.uscc.bulk import check_codes
from service.watching.rules import HEADINGS, LONGEST_REFERENCE, NAMED_LINES, NotText, Reading

#: Bytes that are read, graded and copied at a time.
BLOCK: Final = 4 * 1024**2
#: Longest line; what is longer is no line of a list.
LONGEST_LINE: Final = 10_000


def read_blocks(file: IO[bytes], reading: Reading, *, signed: bool) -> Iterator[bytes]:
    """Yield the codes of an upload as CSV for COPY (`uscc,reference`, and `sign` where they are `signed`); count in `reading`.

    Raises:
        NotText: it is no UTF-8, or has no lines.
    """
    rest, is_first = b"", True
    while block := file.read(BLOCK):
        if is_first:
            block, is_first = block.removeprefix(BOM_UTF8), False
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if len(rest) > LONGEST_LINE:
            raise _not_text()
        if newline:
            yield _graded(whole, reading, signed=signed)
    if rest:
        yield _graded(rest, reading, signed=signed)


def _graded(whole: bytes, reading: Reading, *, signed: bool) -> bytes:
    try:
        texts = whole.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        raise _not_text() from error
    lines = pl.DataFrame({"line": pl.Series(texts, dtype=pl.String).str.strip_chars()})
    lines = lines.with_row_index("n", offset=reading.lines + 1)
    reading.lines += len(texts)
    if lines.item(0, "n") == 1 and texts[0].split(",")[0].strip().lower() in HEADINGS:
        lines = lines.slice(1)
    lines = lines.filter(pl.col("line") != "")
    sign = pl.col("line").str.slice(0, 1)
    body = pl.col("line").str.slice(1) if signed else pl.col("line")
    parts = lines.select(
        "n",
        sign.alias("sign"),
        body.str.splitn(",", 2).struct.rename_fields(["code", "reference"]).alias("parts"),
    ).unnest("parts")
    parts = parts.with_columns(pl.col("code", "reference").str.strip_chars())
    graded = parts.with_columns(
        check_codes(parts["code"])["code"].alias("uscc"),
        pl.when(pl.col("reference") != "").then(pl.col("reference")).alias("reference"),
    )
    is_good = pl.col("uscc").is_not_null() & (
        pl.col("reference").is_null()
        | ((pl.col("reference").str.len_chars() <= LONGEST_REFERENCE) & ~pl.col("reference").str.contains("\x00"))
    )
    if signed:
        is_good &= pl.col("sign").is_in(["+", "-"])
    good, bad = graded.filter(is_good), graded.filter(~is_good)
    reading.codes += len(good)
    reading.malformed += len(bad)
    reading.malformed_lines += bad["n"].head(NAMED_LINES - len(reading.malformed_lines)).to_list()
    columns = ["uscc", "reference", "sign"] if signed else ["uscc", "reference"]
    return good.select(columns).write_csv(include_header=False).encode()


def _not_text() -> NotText:
    return NotText(
        "The upload must be text in UTF-8, one code a line.", detail_zh="上传内容应为 UTF-8 文本，每行一个代码。"
    )
