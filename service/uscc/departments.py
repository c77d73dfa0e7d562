"""The registering departments and kinds of institution that positions 1 and 2 of a credit code name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """One term in Chinese, as the standard has it, and in English."""

    zh: str
    en: str


_OTHER: Final = Words("其他", "other")

DEPARTMENTS: Final[Mapping[str, Words]] = {
    "1": Words("机构编制", "institutional establishment"),
    "2": Words("外交", "foreign affairs"),
    "3": Words("司法行政", "judicial administration"),
    "4": Words("文化", "culture"),
    "5": Words("民政", "civil affairs"),
    "6": Words("旅游", "tourism"),
    "7": Words("宗教", "religious affairs"),
    "8": Words("工会", "trade unions"),
    "9": Words("工商(市场监管)", "market regulation"),
    "A": Words("中央军委改革和编制办公室", "reform and establishment office of the Central Military Commission"),
    "N": Words("农业农村", "agriculture and rural affairs"),
    "Y": Words("其他", "other"),
}
"""Position 1. 1, 5, 9 and Y stand in GB 32100-2015; the rest is extended practice (grade secondary)."""

CATEGORIES: Final[Mapping[str, Words]] = {
    "11": Words("机关", "organ of state"),
    "12": Words("事业单位", "public institution"),
    "13": Words("中央编办直接管理机构编制的群众团体", "mass organisation under the central establishment office"),
    "19": _OTHER,
    "21": Words("外国常驻新闻机构", "resident foreign news agency"),
    "29": _OTHER,
    "31": Words("律师执业机构", "law firm"),
    "32": Words("公证处", "notary office"),
    "33": Words("基层法律服务所", "grass-roots legal service"),
    "34": Words("司法鉴定机构", "forensic institution"),
    "35": Words("仲裁委员会", "arbitration commission"),
    "39": _OTHER,
    "41": Words("外国在华文化中心", "foreign cultural centre in China"),
    "49": _OTHER,
    "51": Words("社会团体", "social organisation"),
    "52": Words("民办非企业单位", "private non-enterprise unit"),
    "53": Words("基金会", "foundation"),
    "59": _OTHER,
    "61": Words("外国旅游部门常驻代表机构", "resident office of a foreign tourism authority"),
    "62": Words(
        "港澳台地区旅游部门常驻内地(大陆)代表机构", "resident office of a Hong Kong, Macao or Taiwan tourism authority"
    ),
    "69": _OTHER,
    "71": Words("宗教活动场所", "place of religious activity"),
    "72": Words("宗教院校", "religious college"),
    "79": _OTHER,
    "81": Words("基层工会", "grass-roots trade union"),
    "89": _OTHER,
    "91": Words("企业", "enterprise"),
    "92": Words("个体工商户", "sole trader"),
    "93": Words("农民专业合作社", "farmers' cooperative"),
    "99": _OTHER,
    "A1": Words("军队事业单位", "military institution"),
    "A9": _OTHER,
    "N1": Words("组级集体经济组织", "collective economic organisation of a villagers' group"),
    "N2": Words("村级集体经济组织", "collective economic organisation of a village"),
    "N3": Words("乡镇级集体经济组织", "collective economic organisation of a township"),
    "N9": _OTHER,
    "Y1": Words("其他", "other"),
}
"""Positions 1 and 2 together. What 99 stands for is not stated anywhere (met on real codes, grade unverified)."""
