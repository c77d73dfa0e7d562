"""What can be wrong with a whole file, each with a stable code and words in both languages.

A problem ends the reading before a single row has been handed out, or, where a file breaks off in the middle, after the
chunks before the break. What is wrong with one row is never a problem but a `Reject`.
"""

from collections.abc import Sequence


class TableProblem(Exception):
    """A file cannot be read as a table; `detail` (English) and `detail_zh` say what was found and what to do.

    `code` is stable and names the kind of problem.
    """

    code = "table_problem"

    def __init__(self, detail: str, detail_zh: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.detail_zh = detail_zh


class EmptyFile(TableProblem):
    """The file has no content at all, or none but blanks."""

    code = "empty_file"

    def __init__(self) -> None:
        super().__init__(
            "The file is empty. Check that the export finished, then send it again.",
            "文件为空。请确认导出已完成后重新提交。",
        )


class NotATable(TableProblem):
    """The content is text or a workbook, but no header row with at least one known column was found."""

    code = "not_a_table"

    def __init__(self, found: str, found_zh: str) -> None:
        super().__init__(
            f"No table was found: {found}. Send a file with one header row and one record per line.",
            f"未找到表格：{found_zh}。请提交带一行表头、每行一条记录的文件。",
        )


class UnsupportedFormat(TableProblem):
    """The content is of a known or unknown kind that is not read."""

    code = "unsupported_format"

    def __init__(self, found: str, found_zh: str) -> None:
        super().__init__(
            f"The content is {found}, which is not read. Save the table as CSV, XLSX, XLS or JSON Lines.",
            f"文件内容为{found_zh}，无法读取。请将表格另存为 CSV、XLSX、XLS 或 JSON Lines。",
        )


class PasswordProtected(TableProblem):
    """A workbook or an archive is encrypted."""

    code = "password_protected"

    def __init__(self, what: str, what_zh: str) -> None:
        super().__init__(
            f"The {what} is protected by a password. Remove the password and send it again.",
            f"{what_zh}设有密码。请取消密码后重新提交。",
        )


class Truncated(TableProblem):
    """The file breaks off, or its checksums do not fit."""

    code = "truncated"

    def __init__(self, what: str, what_zh: str) -> None:
        super().__init__(
            f"The {what} is incomplete or damaged. Transfer it again and compare its size with the original.",
            f"{what_zh}不完整或已损坏。请重新传输，并与原文件核对大小。",
        )


class ZipBomb(TableProblem):
    """Unpacking would pass the limit of size or of ratio."""

    code = "zip_bomb"

    def __init__(self, limit: str, limit_zh: str) -> None:
        super().__init__(
            f"Unpacking was stopped: the content is larger than {limit}. Split the file, or send it unpacked.",
            f"已停止解压：内容超过{limit_zh}。请拆分文件，或提交未压缩的文件。",
        )


class SeveralFilesInArchive(TableProblem):
    """An archive holds more than one file, so that it is not clear which one is meant."""

    code = "several_files_in_archive"

    def __init__(self, names: Sequence[str]) -> None:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        super().__init__(
            f"The archive holds {len(names)} files ({shown}). Send one archive per table.",
            f"压缩包内有 {len(names)} 个文件（{shown}）。请每个压缩包只放一张表。",
        )


class NestedArchive(TableProblem):
    """An archive holds another archive."""

    code = "nested_archive"

    def __init__(self) -> None:
        super().__init__(
            "The archive holds another archive. Unpack it once and send the inner file.",
            "压缩包内还有压缩包。请先解压一层，再提交里面的文件。",
        )


class TooManyColumns(TableProblem):
    """The header has more named columns than the limit."""

    code = "too_many_columns"

    def __init__(self, found: int, limit: int) -> None:
        super().__init__(
            f"The table has {found} columns; at most {limit} are read. Remove the columns that carry no data.",
            f"表格有 {found} 列，最多读取 {limit} 列。请删除无数据的列。",
        )


class SheetTooLarge(TableProblem):
    """A sheet's used area has more cells than are read into memory."""

    code = "sheet_too_large"

    def __init__(self, sheet: str, rows: int, columns: int, limit: int) -> None:
        super().__init__(
            f"Sheet {sheet!r} spans {rows} rows x {columns} columns; at most {limit} cells are read. "
            "Save it as CSV, or clear the far-away cells.",
            f"工作表“{sheet}”范围为 {rows} 行 x {columns} 列，最多读取 {limit} 个单元格。"
            "请另存为 CSV，或清除远处的单元格。",
        )


class CellTooLarge(TableProblem):
    """One line of a text file is longer than can be held in memory."""

    code = "cell_too_large"

    def __init__(self, found: int, limit: int) -> None:
        super().__init__(
            f"A line of the file has {found} bytes; at most {limit} are read. Check the line ends of the export.",
            f"文件中有一行长达 {found} 字节，最多读取 {limit} 字节。请检查导出文件的换行符。",
        )


class NulBytes(TableProblem):
    """Too many NUL bytes for a text file."""

    code = "nul_bytes"

    def __init__(self, lines: int) -> None:
        super().__init__(
            f"The file has NUL bytes in {lines} of its lines: it is binary or damaged. Export the table again as text.",
            f"文件有 {lines} 行含有 NUL 字节，属于二进制文件或已损坏。请重新导出为文本。",
        )


class UnknownEncoding(TableProblem):
    """No encoding fits the content, or the one that was named does not."""

    code = "unknown_encoding"

    def __init__(self, found: str, found_zh: str) -> None:
        super().__init__(
            f"The text encoding is not clear: {found}. Save as UTF-8, or name the encoding (utf-8, gb18030, utf-16).",
            f"无法确定文本编码：{found_zh}。请另存为 UTF-8，或指明编码（utf-8、gb18030、utf-16）。",
        )


class UnknownSheet(TableProblem):
    """The sheet that was asked for is not in the workbook."""

    code = "unknown_sheet"

    def __init__(self, asked: str, names: Sequence[str]) -> None:
        shown = ", ".join(names)
        super().__init__(
            f"There is no sheet {asked!r}; the workbook has: {shown}.",
            f"没有名为“{asked}”的工作表；现有：{shown}。",
        )


class UnknownColumn(TableProblem):
    """An override names a column that the header does not have."""

    code = "unknown_column"

    def __init__(self, asked: str, names: Sequence[str]) -> None:
        shown = ", ".join(name for name in names if name)
        super().__init__(
            f"There is no column {asked!r}; the header has: {shown}.",
            f"表头中没有“{asked}”列；现有：{shown}。",
        )


class UnknownField(TableProblem):
    """An override names a field that records of this kind do not have."""

    code = "unknown_field"

    def __init__(self, asked: str, names: Sequence[str]) -> None:
        shown = ", ".join(names)
        super().__init__(
            f"There is no field {asked!r}; known are: {shown}.",
            f"没有名为“{asked}”的字段；可用：{shown}。",
        )
