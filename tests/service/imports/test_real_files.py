"""The sums of every slice of the development data; skipped visibly where it is not beside the checkout."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from service.db import Database
from tests.service.imports.support import bring_in, outcomes, reasons, seed

LISTED = {"kind": "blacklist", "source": "lists", "list": "penalised-firms", "listed_on": date(2018, 9, 1)}
REGISTRY = {"kind": "subjects", "source": "registry"}
FILES: list[tuple[str, dict[str, Any], dict[str, int], dict[str, int]]] = [
    (
        "penalties/shandong_env_penalties_dev.xlsx",
        {"kind": "penalties", "source": "site"},
        {"new": 1237, "quarantined": 230},
        {"waiting_subject": 230},
    ),
    (
        "blacklists/shandong_env_blacklist_dev.xlsx",
        LISTED,
        {"new": 1808, "duplicate": 51, "quarantined": 141},
        {"waiting_subject": 140, "suspect_check18": 1, "repeated_in_file": 51},
    ),
    (
        "blacklists/creditchina_ecommerce_dev.xlsx",
        LISTED | {"list": "ecommerce-historic"},
        {"new": 226, "quarantined": 24},
        {"waiting_subject": 24},
    ),
    ("companies/kinginsun_registry/1999_重庆.csv", REGISTRY, {"new": 1624}, {}),
    ("companies/kinginsun_registry/2003_重庆.csv", REGISTRY, {"new": 2319}, {}),
    ("companies/kinginsun_registry/2007_重庆.csv", REGISTRY, {"new": 7297}, {}),
    ("companies/kinginsun_registry/2019_重庆.csv", REGISTRY, {"new": 5276}, {}),
    ("companies/zhejiang_check01.xlsx", REGISTRY, {"new": 430, "quarantined": 47}, {"waiting_subject": 47}),
    (
        "companies/zhejiang_sccheck01_spreadsheetml.xlsx",
        REGISTRY,
        {"new": 430, "quarantined": 47},
        {"waiting_subject": 47},
    ),
    ("companies/chongqing_listed_55.xls", REGISTRY, {"new": 55}, {}),
]


@pytest.mark.parametrize(("name", "request_", "sums", "why"), FILES, ids=[row[0] for row in FILES])
async def test_a_slice_is_accounted_for_row_by_row_twice(
    database: Database,
    shared_data: Path,
    tmp_path: Path,
    name: str,
    request_: dict[str, Any],
    sums: dict[str, int],
    why: dict[str, int],
) -> None:
    await seed(database)
    file = tmp_path / Path(name).name
    file.write_bytes((shared_data / name).read_bytes())
    job = await bring_in(database, file, **request_)
    assert (outcomes(job), reasons(job)) == (sums, why)
    again = await bring_in(database, file, **request_)
    known = sums["new"] + sums.get("duplicate", 0)
    assert outcomes(again) == {"duplicate": known} | (
        {"quarantined": sums["quarantined"]} if "quarantined" in sums else {}
    )


async def test_both_forms_of_the_spot_check_list_say_the_same(
    database: Database, shared_data: Path, tmp_path: Path
) -> None:
    await seed(database)
    for name, new in (("zhejiang_check01.xlsx", "new"), ("zhejiang_sccheck01_spreadsheetml.xlsx", "duplicate")):
        file = tmp_path / name
        file.write_bytes((shared_data / "companies" / name).read_bytes())
        assert outcomes(await bring_in(database, file, **REGISTRY)) == {new: 430, "quarantined": 47}
