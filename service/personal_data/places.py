"""Vehicle plates, e-mail addresses and home addresses in a folded text."""

import re
from collections.abc import Iterator
from typing import Final

from service.personal_data.findings import Finding, Kind

PLATE_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_LETTER: Final = "A-HJ-NP-Za-hj-np-z"
# Civil plates (GA 36-2018): five places, six for new energy; the last may be a word. A province that ends a longer word
# (江苏, 黑龙江, 内蒙) and a number that goes on (粤B2-2018…) are none.
_PLATE: Final = re.compile(
    rf"(?<![江内])[{PLATE_PROVINCES}] ?[{_LETTER}][ ·.\-]?"
    rf"(?:[0-9]{{5}}[DFdf]|[DFdf][0-9{_LETTER}][0-9]{{4}}"
    rf"|(?=(?:[{_LETTER}]*[0-9]){{2}})[0-9{_LETTER}]{{4}}[0-9{_LETTER}挂学警港澳领])(?![0-9A-Za-z\-])"
    r"(?! ?(?:元|万|吨|米|平方|千克|公斤|%))"
)
# Plates of the armed police; of embassies and the army only where a word says that it is one.
_OTHER_PLATES: Final = (
    re.compile(rf"(?<![0-9A-Za-z])([Ww][Jj] ?[{PLATE_PROVINCES}]?[ ·.\-]?[0-9]{{4}}[0-9A-Za-z])(?![0-9A-Za-z])"),
    re.compile(r"(使 ?[·.]?[0-9]{6})(?=(?:号)?(?:机动|小|轿|货|客|汽)?车|号牌|牌照)"),
    re.compile(
        r"(?:车牌|号牌|牌照|军车)(?:号码?)?[为是系:]{0,2} ?"
        rf"(使 ?[·.]?[0-9]{{6}}|[{_LETTER}海空军北南沈兰济广成京] ?[{_LETTER}][ ·.\-]?[0-9]{{5}})(?![0-9A-Za-z])"
    ),
)
_EMAIL: Final = re.compile(
    r"[0-9A-Za-z][0-9A-Za-z._%+\-]{0,63} ?@ ?(?:[0-9A-Za-z][0-9A-Za-z\-]{0,62} ?\. ?){1,4}[A-Za-z]{2,12}(?![0-9A-Za-z])"
)
_HOME_WORD: Final = (
    r"(?:(?:家庭|身份证|个人|现|常)?住址|家庭地址|(?:户籍|户口)(?:所在地|地址|地)?|现居住?(?:地址?|于|在)?|(?:经常)?居住(?:地址?|于|在)|暂住(?:地址?|于|在)?"
    r"|家住|现住|住在|住于|(?:(?<=[,;、。(: ])|^)住(?![所房建宅宿院户址改保培]))"
)
_HOME: Final = re.compile(rf"{_HOME_WORD}(?:地)?[为是系在于:]{{0,3}} ?(?P<address>[^,。;!?、\[\]()\n□]{{4,60}})")
_REGION: Final = re.compile(r"[省市区县镇乡旗盟州]")
_NUMBERED: Final = re.compile(
    r"[0-9A-Za-z一二三四五六七八九十百]+ ?(?:号楼?|栋|幢|座|室|单元|组|社|弄|巷|门|层|楼|队|户|屯)|[0-9]+-[0-9]+|[村屯]"
)
_ADDRESS_END: Final = re.compile(r"(?:身份证|联系|电话|手机|公民身份|邮编|邮政编码|(?<=[号室组栋幢]) ).*$")


def find_plates(text: str) -> Iterator[Finding]:
    """Yield vehicle plates: civil ones, of new-energy vehicles, trailers, consulates and the armed police by themselves.

    Plates of embassies and of the army are found next to a word for a vehicle or its plate.
    """
    for match in _PLATE.finditer(text):
        yield Finding(Kind.PLATE, *match.span())
    for pattern in _OTHER_PLATES:
        for match in pattern.finditer(text):
            yield Finding(Kind.PLATE, *match.span(1))


def find_emails(text: str) -> Iterator[Finding]:
    """Yield e-mail addresses."""
    for match in _EMAIL.finditer(text):
        yield Finding(Kind.EMAIL, *match.span())


def find_home_addresses(text: str) -> Iterator[Finding]:
    """Yield home addresses: behind a word for where a person lives (住址, 户籍地, 家住), with a street number or village.

    The seat of a business (住所, 经营场所, 地址) is public and not looked for; without any such word nothing is found.
    """
    for match in _HOME.finditer(text):
        address = _ADDRESS_END.sub("", match["address"]).rstrip()
        if _NUMBERED.search(address) and (_REGION.search(address) or len(address) > 6):
            yield Finding(Kind.HOME_ADDRESS, match.start("address"), match.start("address") + len(address))
