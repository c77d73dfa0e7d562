"""Outcomes and reasons of imported rows, in words; and what an import may be asked for."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.errors import Conflict, Forbidden, Invalid, NotFound


class Outcome(StrEnum):
    """What became of a row. Accepted = new + changed + disputed; every row has exactly one outcome."""

    NEW = "new"
    CHANGED = "changed"
    DISPUTED = "disputed"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"
    NATURAL_PERSON = "natural_person"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a row got its outcome, in English and Chinese, and what to do about it."""

    words: str
    words_zh: str
    remedy: str


REASONS: Final[dict[str, Reason]] = {
    "missing_code": Reason(
        "The row has no credit code.", "缺少统一社会信用代码。", "Add the code and resubmit the row."
    ),
    "malformed_code": Reason(
        "The code column holds no credit code and no known older number.",
        "代码不是统一社会信用代码，也不是已知的旧代码。",
        "Correct the code (see the suggestion of `xinyong uscc`) and resubmit.",
    ),
    "suspect_check18": Reason(
        "The code's check character is wrong.",
        "统一社会信用代码校验位不符。",
        "Compare with the licence; correct and resubmit.",
    ),
    "excel_damaged": Reason(
        "A spreadsheet stored the code as a number and lost its last digits.",
        "代码被电子表格按数值保存，末位已丢失。",
        "Enter the code again as text and resubmit.",
    ),
    "waiting_subject": Reason(
        "The party is known only by an older number; no subject with that number and name is known yet.",
        "仅有旧注册号，尚无登记信息可对应。",
        "Nothing: the row is taken in by itself once a registry extract names the number.",
    ),
    "ambiguous_subject": Reason(
        "The older number belongs to several subjects, or the name does not agree.",
        "旧注册号对应多个主体，或名称不一致。",
        "State the credit code and resubmit.",
    ),
    "waiting_authority": Reason(
        "The deciding authority is not in the catalogue.",
        "作出决定的机关不在目录中。",
        "Have the authority (or an alias) added; the row is taken in then.",
    ),
    "authority_mismatch": Reason(
        "The row names another authority than the one that imports it; an authority writes its own records only.",
        "所列机关与导入机关不一致。",
        "Import through a source that has published the rows, or correct the authority.",
    ),
    "missing_name": Reason("The row has no name.", "缺少名称。", "Add the name and resubmit."),
    "no_penalty_stated": Reason(
        "The row states no penalty: no number, kind, amount, facts or content.",
        "该行没有处罚内容。",
        "Complete the row and resubmit.",
    ),
    "no_permit_stated": Reason(
        "The row lacks the name of the permit's document or its content.",
        "缺少许可决定文书名称或许可内容。",
        "Complete the row and resubmit.",
    ),
    "unknown_permit_kind": Reason(
        "The kind of permit is none of 普通, 特许, 认可, 核准, 登记, 其他 (with its name).",
        "许可类别不在标准之内。",
        "State the kind as the standard names it and resubmit.",
    ),
    "no_decided_on": Reason(
        "The row states no day of the decision.", "缺少许可决定日期。", "Add the day and resubmit."
    ),
    "unreadable_valid_from": Reason(
        "The first day of validity cannot be read.", "有效期自无法识别。", "Write the date as 2026-01-31 and resubmit."
    ),
    "unreadable_valid_until": Reason(
        "The last day of validity cannot be read.",
        "有效期至无法识别。",
        "Write the date as 2026-01-31, or leave it out where there is no end, and resubmit.",
    ),
    "valid_until_before_valid_from": Reason(
        "The validity ends before it begins.", "有效期截止日早于起始日。", "Correct one of the dates and resubmit."
    ),
    "unreadable_decided_on": Reason(
        "The date of the decision cannot be read.",
        "处罚决定日期无法识别。",
        "Write the date as 2026-01-31 and resubmit.",
    ),
    "unreadable_published_on": Reason(
        "The date of publication cannot be read.", "公示日期无法识别。", "Write the date as 2026-01-31 and resubmit."
    ),
    "unreadable_listed_on": Reason(
        "The date of listing cannot be read.", "列入日期无法识别。", "Write the date as 2026-01-31 and resubmit."
    ),
    "unreadable_removed_on": Reason(
        "The date of removal cannot be read.", "移出日期无法识别。", "Write the date as 2026-01-31 and resubmit."
    ),
    "unreadable_publish_until": Reason(
        "The last day of publication cannot be read.",
        "公示截止期无法识别。",
        "Write the date as 2026-01-31 and resubmit.",
    ),
    "unreadable_registered_on": Reason(
        "The date of registration cannot be read.", "注册日期无法识别。", "Write the date as 2026-01-31 and resubmit."
    ),
    "unreadable_cancelled_on": Reason(
        "The date of cancellation cannot be read.", "注销日期无法识别。", "Write the date as 2026-01-31 and resubmit."
    ),
    "unreadable_succession": Reason(
        "The firm names a successor, but its code, or how the firm goes on (merged, split, a new code), cannot be read.",
        "承继主体的代码或者承继方式无法识别。",
        "Write the successors' credit codes, and 合并, 分立 or 代码变更, and resubmit.",
    ),
    "unreadable_former_code": Reason(
        "The firm had another code before, which cannot be read.",
        "原统一社会信用代码无法识别。",
        "Write the former credit code, or leave it out, and resubmit.",
    ),
    "ambiguous_former_code": Reason(
        "A former code of this firm, or where it goes on, is told differently elsewhere: another firm has the same former"
        " code, or that code's own registration is active or names another successor.",
        "原统一社会信用代码与其他主体的登记信息矛盾：另一主体使用同一原代码，或者该代码自身登记为存续或载明其他承继主体。",
        "Correct whichever of the two is wrong, say 分立 where a firm was split, and resubmit.",
    ),
    "decided_on_in_future": Reason(
        "The decision lies in the future.", "处罚决定日期晚于今日。", "Correct the date and resubmit."
    ),
    "published_on_in_future": Reason(
        "The publication lies in the future.", "公示日期晚于今日。", "Correct the date and resubmit."
    ),
    "listed_on_in_future": Reason(
        "The listing lies in the future.", "列入日期晚于今日。", "Correct the date and resubmit."
    ),
    "published_before_decided": Reason(
        "Published before it was decided.", "公示日期早于决定日期。", "Correct one of the dates and resubmit."
    ),
    "removed_before_listed": Reason(
        "Removed before it was listed.", "移出日期早于列入日期。", "Correct one of the dates and resubmit."
    ),
    "no_listed_on": Reason(
        "The list states no date of listing.",
        "名单未载明列入日期。",
        "Import with --listed-on DATE (and --basis where that day is stated).",
    ),
    "no_list": Reason("The row names no list.", "未指明名单。", "Import with --list."),
    "unknown_list": Reason(
        "The named list is not in the catalogue.",
        "名单不在目录中。",
        "Import with --list, or have the list added with its legal basis.",
    ),
    "several_lists": Reason(
        "One cell names several lists.", "一格内列有多个名单。", "Import with --list, or split the row."
    ),
    "conflict_in_file": Reason(
        "Several rows of this file have the same key and different content.",
        "同一文件内同一记录内容不一致。",
        "Keep the right one and resubmit it.",
    ),
    "repeated_in_file": Reason("The row stands in this file before.", "文件内重复。", "Nothing."),
    "old_file": Reason(
        "This file was imported before and its source has said otherwise since.",
        "旧文件重复导入，来源已有更新。",
        "Nothing: an old file undoes nothing.",
    ),
    "earlier_statement": Reason(
        "The source said exactly this before and has said otherwise since.",
        "与该来源较早的内容相同，其后已有变更。",
        "Resubmit the row if it is meant.",
    ),
    "other_source_agrees": Reason(
        "Another source gave the record; this one says the same.", "其他来源已提供相同记录。", "Nothing."
    ),
    "source_conflict": Reason(
        "Another source gave the record; this one says otherwise.",
        "与其他来源内容冲突。",
        "A person compares the two; the record stays as it is.",
    ),
    "source_preferred": Reason(
        "It says otherwise, and in some fields its source is trusted more: those are shown from it.",
        "与其他来源内容冲突，部分字段因本来源信任级别更高而采用。",
        "A person compares the two: `GET /v1/source-conflicts`.",
    ),
    "record_ended": Reason(
        "The record has ended; an import never reopens it.", "记录已终止，导入不能恢复。", "A person decides."
    ),
    "field_count": Reason(
        "The row has too few or too many fields.",
        "字段数与表头不符。",
        "Quote fields that hold the delimiter and resubmit.",
    ),
    "broken_quote": Reason("A quotation mark is not closed.", "引号未闭合。", "Close it and resubmit."),
    "bad_encoding": Reason(
        "The row cannot be decoded.", "该行编码有误。", "Save the file as UTF-8, or state --encoding."
    ),
    "nul_bytes": Reason("The row holds NUL characters.", "该行含有空字符。", "Remove them and resubmit."),
    "cell_too_large": Reason("A cell is too large.", "单元格内容过长。", "Shorten it and resubmit."),
    "header_repeated": Reason("The row repeats the header.", "重复的表头。", "Nothing."),
    "totals_row": Reason("The row is a total.", "合计行。", "Nothing."),
    "bad_json": Reason("The line is no JSON.", "该行不是 JSON。", "Correct it and resubmit."),
    "not_an_object": Reason("The line is no JSON object.", "该行不是 JSON 对象。", "Correct it and resubmit."),
    "duplicate_key": Reason("The JSON object has a key twice.", "JSON 键重复。", "Correct it and resubmit."),
}


class NoSuchImport(NotFound):
    """There is no import of that id, or none that the asker may see."""

    code = "no_such_import"


class NoSuchRow(NotFound):
    """The import has no row of that number."""

    code = "no_such_row"


class NotQuarantined(Conflict):
    """Only a quarantined row can be resubmitted."""

    code = "not_quarantined"


class FileNotKept(Conflict):
    """The file of a trial is not kept any more: it was taken in, or a day has passed."""

    code = "file_not_kept"


class NotRevertible(Conflict):
    """Only a finished import can be reverted, and only once."""

    code = "not_revertible"


class UnknownAuthority(Invalid):
    """The importing authority is not in the catalogue."""

    code = "unknown_authority"


class UnknownSource(Invalid):
    """The source is not in the catalogue."""

    code = "unknown_source"


class ListClosed(Invalid):
    """The list has ended; nothing can be entered on it that was listed after its last day."""

    code = "list_closed"


class MayNotImport(Forbidden):
    """The source's catalogue row does not name this authority as one that imports it."""

    code = "may_not_import"
