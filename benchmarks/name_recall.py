"""Recall of the name search on made-up misspellings; writes its table into docs/search.md.

Run as `python -m benchmarks.name_recall DATABASE_URL` against an empty migrated database.
"""

import asyncio
import random
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

from pypinyin import Style, lazy_pinyin

from benchmarks.made_up_names import BRAND, load_names
from service.db import Database
from service.subjects.search import search_names, show_found

NAMES: Final = 200_000
TERMS: Final = 400
TODAY: Final = date(2026, 11, 24)
DOCUMENT: Final = Path(__file__).parents[1] / "docs" / "search.md"
BEGINS, ENDS = "<!-- recall: begins -->", "<!-- recall: ends -->"

FORMS: Final = ("有限责任公司", "股份有限公司", "有限公司", "（有限合伙）")
TRADITIONAL: Final = dict(
    zip(
        "华东鑫兴达众诚义丰乐顺万贵龙凤飞腾云东丰庆贸实业网络电农业传汽车销医疗术资询务园绿庆区兰银铜铁钢强壮伟圆创优艺悦爱庭桥乡谷",
        "華東鑫興達眾誠義豐樂順萬貴龍鳳飛騰雲東豐慶貿實業網絡電農業傳汽車銷醫療術資詢務園綠慶區蘭銀銅鐵鋼強壯偉圓創優藝悅愛庭橋鄉谷",
        strict=True,
    )
)


def without_form(name: str) -> str:
    """Return a made-up name without its legal form."""
    return next((name.removesuffix(form) for form in FORMS if name.endswith(form)), name)


def _place(name: str, chance: random.Random) -> int:
    """Return where a misspelling falls: anywhere in the name but in its legal form."""
    return chance.randrange(len(without_form(name)))


def _homophones() -> dict[str, list[str]]:
    sounds: dict[str, list[str]] = {}
    characters = sorted(
        set(BRAND) | set("贸易科技工程食品物流传媒机械设备房产环保教育服饰家具建材商务伟卫维威宇雨羽语新心欣信")
    )
    for character in characters:
        sounds.setdefault(lazy_pinyin(character, style=Style.NORMAL)[0], []).append(character)
    return {
        character: [other for other in alike if other != character]
        for alike in sounds.values()
        for character in alike
        if len(alike) > 1
    }


HOMOPHONES: Final = _homophones()


def misspell_one(name: str, chance: random.Random) -> str:
    """Return the name with one character wrong."""
    place = _place(name, chance)
    return name[:place] + chance.choice(BRAND.replace(name[place], "")) + name[place + 1 :]


def _missing(name: str, chance: random.Random) -> str:
    place = _place(name, chance)
    return name[:place] + name[place + 1 :]


def _swapped(name: str, chance: random.Random) -> str:
    place = min(_place(name, chance), len(without_form(name)) - 2)
    return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


def _traditional(name: str, _chance: random.Random) -> str:
    return "".join(TRADITIONAL.get(character, character) for character in name)


def _homophone(name: str, chance: random.Random) -> str:
    places = [place for place, character in enumerate(without_form(name)) if character in HOMOPHONES]
    if not places:
        return name
    place = chance.choice(places)
    return name[:place] + chance.choice(HOMOPHONES[name[place]]) + name[place + 1 :]


def _form_left_out(name: str, _chance: random.Random) -> str:
    return without_form(name)


def _place_left_out(name: str, _chance: random.Random) -> str:
    return next(
        (name.removeprefix(place) for place in ("重庆市", "重庆", "深圳市", "成都", "武汉") if name.startswith(place)),
        name,
    )


MISSPELLINGS: Final[dict[str, Callable[[str, random.Random], str]]] = {
    "one character wrong": misspell_one,
    "one character missing": _missing,
    "two characters swapped": _swapped,
    "traditional characters": _traditional,
    "one homophone": _homophone,
    "legal form left out": _form_left_out,
    "place left out": _place_left_out,
}


def misspelt(
    names: list[str], misspell: Callable[[str, random.Random], str], *, seed: int
) -> Iterator[tuple[str, str]]:
    """Yield (name, misspelling) for up to `TERMS` names that the misspelling changes."""
    chance = random.Random(seed)  # noqa: S311 - made-up misspellings, no secrets
    found = 0
    for name in chance.sample(names, len(names)):
        term = misspell(name, chance)
        if term != name and len(term) > 1:
            yield name, term
            found += 1
            if found == TERMS:
                return


async def measure_recall(database: Database, names: list[str]) -> dict[str, tuple[int, int, int, int]]:
    """Return by misspelling: terms, and how often the name meant was first, among the first ten, and found at all."""
    table: dict[str, tuple[int, int, int, int]] = {}
    for seed, (label, misspell) in enumerate(MISSPELLINGS.items()):
        terms = first = ten = found = 0
        for name, term in misspelt(names, misspell, seed=seed):
            async with database.reading() as session:
                search = await search_names(session, name=term, today=TODAY)
                hits = [hit["name"] for hit in await show_found(session, search.found[:100])]
            terms += 1
            first += hits[:1] == [name]
            ten += name in hits[:10]
            found += name in hits
        table[label] = (terms, first, ten, found)
    return table


def as_markdown(table: dict[str, tuple[int, int, int, int]]) -> str:
    """Return the table as it stands in the document."""
    lines = ["| misspelling | terms | first | among the first ten | among the first hundred |", "|---|---|---|---|---|"]
    lines += [
        f"| {label} | {terms} | {first / terms:.1%} | {ten / terms:.1%} | {found / terms:.1%} |"
        for label, (terms, first, ten, found) in table.items()
    ]
    return "\n".join(lines)


def write_document(table: dict[str, tuple[int, int, int, int]]) -> None:
    """Put the table between its marks in docs/search.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGINS)
    _, _, after = rest.partition(ENDS)
    DOCUMENT.write_text(f"{before}{BEGINS}\n{as_markdown(table)}\n{ENDS}{after}", encoding="utf-8")


async def main(url: str) -> None:
    made = await load_names(url.replace("+asyncpg", ""), NAMES)
    database = Database(url, application="benchmark", pool_size=1)
    try:
        table = await measure_recall(database, [name for _, name in made])
    finally:
        await database.dispose()
    write_document(table)
    print(as_markdown(table))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
