import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from service.reading.money import compact
from service.reading.numerals import NUMERAL, read_numeral
from service.reading.sentinels import is_blank

# Currency words of register extracts to ISO 4217 codes; longer words first, since 元 ends most of them.
_CURRENCIES: Final = {
    "人民币": "CNY", "RMB": "CNY", "CNY": "CNY", "¥": "CNY",
    "美元": "USD", "美金": "USD", "USD": "USD", "US$": "USD", "$": "USD",
    "香港元": "HKD", "港元": "HKD", "港币": "HKD", "HKD": "HKD",
    "欧元": "EUR", "EUR": "EUR", "€": "EUR",
    "日元": "JPY", "日圆": "JPY", "日币": "JPY", "JPY": "JPY",
    "英镑": "GBP", "GBP": "GBP", "£": "GBP",
    "新台币": "TWD", "新台湾元": "TWD", "台币": "TWD", "台湾元": "TWD", "TWD": "TWD",
    "澳门元": "MOP", "澳门币": "MOP", "MOP": "MOP",
    "新加坡元": "SGD", "新加坡币": "SGD", "新元": "SGD", "SGD": "SGD",
    "澳大利亚元": "AUD", "澳元": "AUD", "AUD": "AUD",
    "加拿大元": "CAD", "加元": "CAD", "CAD": "CAD",
    "瑞士法郎": "CHF", "CHF": "CHF", "韩元": "KRW", "韩币": "KRW", "KRW": "KRW",
    "俄罗斯卢布": "RUB", "卢布": "RUB", "马来西亚林吉特": "MYR", "林吉特": "MYR", "泰铢": "THB", "泰国铢": "THB",
    "瑞典克朗": "SEK", "丹麦克朗": "DKK", "挪威克朗": "NOK", "新西兰元": "NZD", "印度卢比": "INR",
    "德国马克": "DEM", "马克": "DEM",
    "法国法郎": "FRF", "意大利里拉": "ITL", "荷兰盾": "NLG",
}  # fmt: skip
# ISO 4217: these have no smaller unit, so that their minor unit is the yen, the won, the lira itself.
_NO_MINOR_UNIT: Final = frozenset({"JPY", "KRW", "ITL"})
_CURRENCY: Final = "|".join(re.escape(word) for word in sorted(_CURRENCIES, key=len, reverse=True))
_CAPITAL: Final = re.compile(
    rf"(?:注册资[本金])?[:]?(?P<before>{_CURRENCY})?[:]?(?P<number>{NUMERAL})(?P<unit>元)?(?P<after>{_CURRENCY})?元?[整正]?(?P<last>{_CURRENCY})?"
)
_LARGEST: Final = 10**18


@dataclass(frozen=True, slots=True)
class CapitalReading:
    """Registered capital: an integer of the currency's minor unit (fen, cents; yen have none) and the ISO 4217 code.

    A text that names no currency is in yuan. `problem` is None when `amount_minor` is set, else `blank`, `no_unit` (a bare
    number: 元 or 万元 cannot be told), `unknown_currency`, `too_large` or `unreadable`.
    """

    amount_minor: int | None
    currency: str
    problem: str | None = None


def read_capital(text: str | None) -> CapitalReading:
    """Return the capital that a register's cell states: `3,136(万)`, `39500万元人民币`, `3,000(万人民币元)`, `500万美元`.

    Brackets are noise, the unit may stand before or behind the currency, and numerals may be Chinese ones. Anything
    smaller than the minor unit rounds half up.
    """
    if text is None or is_blank(text):
        return CapitalReading(None, "CNY", "blank")
    plain = compact(text).replace("(", "").replace(")", "").replace("单位:", "").upper()
    match = _CAPITAL.fullmatch(plain)
    if match is None:
        foreign = re.fullmatch(rf"{NUMERAL}[^0-9]{{1,8}}", plain) is not None
        return CapitalReading(None, "CNY", "unknown_currency" if foreign else "unreadable")
    numeral = read_numeral(match["number"])
    value = None if numeral is None else numeral.value
    named = list(dict.fromkeys(_CURRENCIES[word] for word in match.group("before", "after", "last") if word))
    currency = named[0] if named else "CNY"
    if value is None or len(named) > 1:
        return CapitalReading(None, currency, "unreadable")
    if value and not named and not match["unit"] and match["number"][-1].isdecimal():
        return CapitalReading(None, currency, "no_unit")
    minor = value if currency in _NO_MINOR_UNIT else value * 100
    if minor > _LARGEST:
        return CapitalReading(None, currency, "too_large")
    return CapitalReading(int(Decimal(minor).to_integral_value(ROUND_HALF_UP)), currency)
