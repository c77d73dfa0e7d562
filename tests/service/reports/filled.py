"""Filled templates with made-up merchants."""

import csv
import json
from pathlib import Path
from typing import Any, Final

from service.reports.rules import ReportKind
from service.reports.templates import templates
from tests.factories import make_uscc

#: What must never be seen outside the seal.
SECRETS: Final = ("星屿", "11010519491231002X", "13900000001", "shop.example", "重庆市渝中区")
PERSON: Final = "11010519491231002X"
IDENTITIES: Final[list[dict[str, str]]] = [
    {
        "merchant_type": "registered", "name": "重庆星屿贸易有限公司", "uscc": make_uscc(1), "actual_address": "重庆市渝中区示例路1号",
        "contact": "13900000001", "shop_name": "星屿旗舰店", "shop_url": "https://shop.example/1",
    },
    {
        "merchant_type": "unregistered", "name": "张示例", "id_number": PERSON, "actual_address": "重庆市渝中区示例路2号",
        "contact": "13900000001", "shop_name": "示例手作", "shop_url": "https://shop.example/2", "exemption": "零星小额交易",
        "turnover_above_100000": "no",
    },
]  # fmt: skip
LEAD: Final[dict[str, str]] = {
    "name": "重庆星屿贸易有限公司", "uscc": make_uscc(1), "shop_name": "星屿旗舰店", "goods_or_service": "示例商品",
    "observed_on": "2026-11-20", "description": "涉嫌虚假宣传", "measures": "已警示",
}  # fmt: skip


def write_json(path: Path, rows: list[dict[str, str]]) -> Path:
    path.write_text(json.dumps(rows, ensure_ascii=False), "utf-8")
    return path


def write_csv(path: Path, rows: list[dict[str, str]], kind: ReportKind = ReportKind.IDENTITY) -> Path:
    words = {"registered": "已登记", "unregistered": "未登记", "yes": "是", "no": "否"}
    fields = templates()[kind].fields
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([one.zh for one in fields])
        writer.writerows([[words.get(row.get(one.id, ""), row.get(one.id, "")) for one in fields] for row in rows])
    return path


def status_answer(*items: dict[str, Any]) -> dict[str, Any]:
    """Return what a status batch would say; an item is a code with what differs from an active firm without records."""
    frame = {"as_of": "2026-11-24T12:00:00+08:00", "log_id": "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c10", "position": 7}
    plain = {"outcome": "clear", "name": None, "registration": {"status": "active", "since": None}}
    return frame | {"results": [plain | item for item in items]}
