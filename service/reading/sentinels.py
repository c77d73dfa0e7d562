import re
import unicodedata
from typing import Final

# Fillers that draw nothing though Unicode calls them letters; format characters are caught by their category.
_INVISIBLE: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
# Nothing in these ranges is noise; nearly every cell consists of them.
_ORDINARY: Final = re.compile(
    "[\\t\\n\\r\\x20-\\x7e\\xa5\\xb7\\u2014\\u2018-\\u201d\\u2026\\u3000-\\u303e\\u4e00-\\u9fa5\\uff01-\\uff5e\\uffe5]*"
)
_KEPT_CONTROLS: Final = frozenset("\t\n\r")
_DASHES: Final = frozenset("-‐‑‒–—―−─－﹣_＿/\\／＼.。…*＊~～·|#？?")

# Words that people put where a value is missing. The comparison is made on the half-width, lower-case, blank-free form.
BLANK_WORDS: Final = frozenset(
    {
        *("n/a", "na", "nan", "nil", "none", "null", "(null)", "<null>", "nat", "#n/a", "#ref!", "#value!", "#name?"),
        *(
            "无",
            "空",
            "没有",
            "暂无",
            "暂缺",
            "缺",
            "缺失",
            "无数据",
            "暂无数据",
            "无信息",
            "暂无信息",
            "无此项",
            "无内容",
        ),
        *(
            "不详",
            "未知",
            "不明",
            "未标明",
            "未注明",
            "未载明",
            "未提供",
            "未填",
            "未填写",
            "未公示",
            "未公开",
            "未说明",
        ),
        *("待补充", "待补", "待定", "待查", "待核实", "不适用", "空白", "无法获取", "未登记", "未取得", "查无"),
    }
)
_WIDTH: Final = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_LONGEST_BLANK_WORD: Final = max(map(len, BLANK_WORDS))
_WRAPPING: Final = "()[]【】〔〕<>《》'\"“”"


def half_width(text: str) -> str:
    """Return `text` with full-width ASCII (U+FF01 to U+FF5E) and the ideographic blank in half width, same length."""
    return text.translate(_WIDTH)


def _is_noise(char: str) -> bool:
    if char in _KEPT_CONTROLS:
        return False
    return char in _INVISIBLE or unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn"}


def without_noise(text: str) -> str:
    """Return `text` without characters nobody can see or share.

    Removed are control characters (C0 and C1, but not tab and line break), zero-width characters, byte order marks,
    private-use characters, unassigned code points and lone surrogates. Blanks stay.
    """
    if _ORDINARY.fullmatch(text):
        return text
    return "".join(char for char in text if not _is_noise(char))


def clean(text: str | None) -> str | None:
    """Return the text of a cell without noise and without outer blanks, or None when nothing is left.

    Outer blanks are all of Unicode's, among them the ideographic blank (U+3000) and the no-break blank. Inner blanks
    and line breaks stay. A word for "missing" is not removed here: ask `is_blank`.
    """
    if text is None:
        return None
    return without_noise(text).strip() or None


def is_blank(text: str | None) -> bool:
    """Tell whether a cell says that there is no value: empty, only dashes, `N/A`, `无`, `不详`, `null`, `待补充` and so on.

    Unknown is not zero and not "no": a caller records the value as unknown.
    """
    cleaned = clean(text)
    if cleaned is None:
        return True
    if len(cleaned) > 2 * _LONGEST_BLANK_WORD:
        return False
    if all(char in _DASHES or char.isspace() for char in cleaned):
        return True
    word = "".join(half_width(cleaned).lower().split())
    return word in BLANK_WORDS or word.strip(_WRAPPING) in BLANK_WORDS
