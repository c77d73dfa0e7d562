"""Examples for the documentation of the operations."""

from typing import Any, Final

_TABLE: Final[dict[str, Any]] = {
    "count": 48211,
    "digest": "9c1f0a7f5ed1b5c0c2c2b2ad4a2d1be1b8b8a0f8c3f3b6f4f2d5a1b7c9e0d3f1",
    "count_before": None,
    "digest_before": None,
    "upserts": None,
    "tombstones": None,
}
RELEASE: Final[dict[str, Any]] = {
    "id": "full-20261124T000000",
    "kind": "full",
    "span": None,
    "state": "published",
    "log_id": "0b3c6a52-8c1e-4a55-9a43-5b0f0d6a7f11",
    "position": 48211,
    "horizon": "2026-11-24T00:00:00+08:00",
    "from_position": None,
    "from_horizon": None,
    "previous": "full-20261123T000000",
    "successor": None,
    "published_at": "2026-11-24T00:00:41+08:00",
    "state_digest": "5d0a3b0f0a52f3c5a2f1a1e7c7d5b4b09a1e8f6c4c0d9f0b7a6e5d4c3b2a1908",
    "tables": {"penalties": _TABLE},
    "manifest": "/v1/exports/full-20261124T000000/manifest.json",
    "files": [
        {
            "path": "penalties.csv.gz",
            "url": "/v1/exports/full-20261124T000000/penalties.csv.gz",
            "bytes": 5120422,
            "sha256": "b1946ac92492d2347c6235b4d2611184b1946ac92492d2347c6235b4d2611184",
            "table": "penalties",
            "format": "csv",
            "rows": 48211,
        }
    ],
}
PAGE: Final[dict[str, Any]] = {"items": [RELEASE], "next": None}
CATALOGUE: Final[dict[str, Any]] = {
    "@type": "dcat:Catalog",
    "@id": "https://xinyong.example/v1/exports/catalog.jsonld",
    "dcat:dataset": [{"@type": "dcat:Dataset", "dct:identifier": "full-20261124T000000"}],
}
FEED: Final = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><id>https://xinyong.example/v1/exports/feed.atom</id>'
    "<title>信用信息公示数据 Public credit disclosure data</title><updated>2026-11-24T00:00:41+08:00</updated></feed>"
)
