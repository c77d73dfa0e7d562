"""Made-up names of enterprises in the proportions of a real registry: place, brand, trade, legal form. No firm is meant."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final

import asyncpg

from service.reading.names import bigrams, fold_name
from service.uscc.rules import c18, org_check

PLACES: Final = {"重庆": 40, "重庆市": 20, "成都": 6, "杭州": 5, "济南": 5, "深圳市": 5, "武汉": 4, "北京": 4, "": 11}
DISTRICTS: Final = [
    "万州区",
    "涪陵区",
    "渝中区",
    "大渡口区",
    "江北区",
    "沙坪坝区",
    "九龙坡区",
    "南岸区",
    "北碚区",
    "渝北区",
    "巴南区",
    "长寿区",
    "江津区",
    "合川区",
    "永川区",
    "南川区",
    "綦江区",
    "大足区",
    "璧山区",
    "铜梁区",
    "潼南区",
    "荣昌区",
    "开州区",
    "梁平区",
    "武隆区",
    "城口县",
    "丰都县",
    "垫江县",
    "忠县",
    "云阳县",
    "奉节县",
    "巫山县",
]
BRAND: Final = (
    "华新金天海东瑞鑫宏兴德恒泰康盛福达祥和美佳众诚信义利丰源嘉乐安平顺通万隆昌茂荣富贵龙凤麒鹏鸿飞腾跃翔云峰山林森木水江河湖"
    "洋港湾明亮光辉星辰月阳春夏秋冬雪梅兰竹菊玉珠宝石银铜铁钢力强壮健伟正方圆远博雅文礼智仁勇思源创优品尚艺景怡悦心爱家园庭居"
    "桥路城镇乡村田野禾谷米麦果蔬茶酒香甜味鲜永久长青松柏杨柳桃李杏梨橘枫桂榕樟楠桐槐榆桑麻棉丝绸缎锦绣彩虹霞雷电风雨露霜冰"
)
TRADES: Final = [
    "商贸",
    "贸易",
    "科技",
    "建筑工程",
    "装饰工程",
    "餐饮管理",
    "食品",
    "实业",
    "物流",
    "运输",
    "网络科技",
    "信息技术",
    "电子商务",
    "农业开发",
    "文化传媒",
    "广告",
    "机械设备",
    "汽车销售",
    "医疗器械",
    "大药房",
    "房地产开发",
    "物业管理",
    "环保科技",
    "人力资源",
    "教育咨询",
    "企业管理咨询",
    "劳务",
    "园林绿化",
    "酒店管理",
    "服饰",
    "家具",
    "建材",
    "化工",
    "塑料制品",
]
FORMS: Final = {"有限公司": 80, "有限责任公司": 8, "股份有限公司": 2, "有限公司永川分公司": 3, "（有限合伙）": 2}
SHOPS: Final = [
    "火锅店",
    "小面馆",
    "超市",
    "便利店",
    "五金店",
    "服装店",
    "理发店",
    "副食店",
    "药店",
    "餐馆",
    "茶楼",
    "烟酒经营部",
    "水果店",
    "汽修厂",
]
STARTED: Final = datetime(2026, 1, 1, tzinfo=UTC)


def made_up_names(count: int, *, seed: int = 20261124) -> Iterator[tuple[str, str]]:
    """Yield `count` pairs of a made-up credit code and name; the same ones for the same seed, a fifth of them sole traders'."""
    chance = random.Random(seed)  # noqa: S311 - made-up names, no secrets
    for serial in range(count):
        brand = "".join(chance.choices(BRAND, k=chance.choices((2, 3, 4), (55, 35, 10))[0]))
        place = chance.choices([*PLACES], [*PLACES.values()])[0]
        if chance.random() < 0.2:
            prefix = "92"
            name = f"{place}{chance.choice(DISTRICTS)}{brand}{chance.choice(SHOPS)}"
        else:
            prefix = "91"
            trade = chance.choice(TRADES)
            form = chance.choices([*FORMS], [*FORMS.values()])[0]
            bracketed = bool(place) and chance.random() < 0.05
            name = f"{brand}（{place}）{trade}{form}" if bracketed else f"{place}{brand}{trade}{form}"
        body = f"X{serial:07d}"
        first17 = f"{prefix}5001{chance.randrange(1, 20):02d}{body}{org_check(body)}"
        yield first17 + c18(first17), name


async def load_names(dsn: str, count: int) -> list[tuple[str, str]]:
    """Register `count` made-up subjects in an empty migrated database, analysed; return their codes and names."""
    made = list(made_up_names(count))
    connection = await asyncpg.connect(dsn)
    try:
        await connection.copy_records_to_table(
            "subject", records=[(uscc, 1, STARTED) for uscc, _ in made], columns=["uscc", "version_no", "created_at"]
        )
        await connection.copy_records_to_table(
            "subject_version",
            records=[
                (uscc, 1, "published", "import", "bench", STARTED, True, name, "active", date(2015, 1, 5), uscc[2:8])
                for uscc, name in made
            ],
            columns=[
                *("uscc", "version_no", "state", "command", "actor", "recorded_at", "registered", "name"),
                *("registration_status", "registered_on", "division_code"),
            ],
        )
        await connection.copy_records_to_table(
            "subject_name",
            records=[(uscc, name, "registered", fold_name(name), bigrams(fold_name(name))) for uscc, name in made],
            columns=["uscc", "name", "kind", "folded", "bigrams"],
        )
        await connection.execute("VACUUM (ANALYZE) subject_name")
        await connection.execute("ANALYZE")
    finally:
        await connection.close()
    return made
