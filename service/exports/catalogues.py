"""How portals and feed readers find the releases: a DCAT catalogue and an Atom feed."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from xml.etree import ElementTree as ET

from service.exports.packages import TERMS, TERMS_ZH, local

_ATOM: Final = "http://www.w3.org/2005/Atom"
_TITLE: Final = "信用信息公示数据 Public credit disclosure data"
_TITLES: Final = {
    "full": ("全量公示数据", "Full release: everything shown on the day of the horizon"),
    "delta": ("增量公示数据", "Delta: what changed, and tombstones of what ended"),
    "statistics": ("月度统计", "Monthly statistics"),
}
_FREQUENCY: Final = "http://publications.europa.eu/resource/authority/frequency/DAILY"
_MEDIA: Final = "https://www.iana.org/assignments/media-types/"
_TYPES: Final = {
    "csv": "text/csv",
    "jsonl": "application/jsonl",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def atom_feed(releases: Sequence[Mapping[str, Any]], *, base: str) -> tuple[bytes, str]:
    """Return the feed of releases as views, newest first, and its ETag; `base` is the address of the service."""
    ET.register_namespace("", _ATOM)
    feed = ET.Element(f"{{{_ATOM}}}feed")
    updated = max((_changed(release) for release in releases), default="1970-01-01T00:00:00+00:00")
    _add(feed, "id", f"{base}/v1/exports/feed.atom")
    _add(feed, "title", _TITLE)
    _add(feed, "updated", updated)
    _add(_add(feed, "author"), "name", "Xinyong 信用")
    _add(feed, "link", rel="self", href=f"{base}/v1/exports/feed.atom", type="application/atom+xml")
    _add(feed, "rights", f"{TERMS_ZH} {TERMS}")
    for release in releases:
        zh, en = _TITLES[release["kind"]]
        entry = _add(feed, "entry")
        _add(entry, "id", f"{base}/v1/exports/{release['id']}")
        _add(entry, "title", f"{release['id']}: {zh} {en}")
        _add(entry, "updated", _changed(release))
        _add(entry, "link", rel="alternate", href=f"{base}{release['manifest']}", type="application/json")
        _add(entry, "category", term=release["state"])
        _add(entry, "summary", f"{local(release['horizon'])}, position {release['position']}, {release['state']}")
    content = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return content, f'"{sha256(content).hexdigest()}"'


def _changed(release: Mapping[str, Any]) -> str:
    return local(release["published_at"] or release["horizon"]) or ""


def _add(parent: ET.Element, name: str, text: str | None = None, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    element.text = text
    return element


def dcat_catalogue(releases: Sequence[Mapping[str, Any]], *, base: str) -> dict[str, Any]:
    """Return the catalogue (W3C DCAT 3, JSON-LD) of the releases that hold now."""
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#",
            "dct": "http://purl.org/dc/terms/",
            "spdx": "http://spdx.org/rdf/terms#",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@type": "dcat:Catalog",
        "@id": f"{base}/v1/exports/catalog.jsonld",
        "dct:title": [
            {"@language": "zh", "@value": "信用信息公示数据"},
            {"@language": "en", "@value": "Public credit disclosure data"},
        ],
        "dcat:dataset": [_dataset(release, base) for release in releases],
    }


def _dataset(release: Mapping[str, Any], base: str) -> dict[str, Any]:
    zh, en = _TITLES[release["kind"]]
    span = f" ({release['span']})" if release["span"] else ""
    return {
        "@type": "dcat:Dataset",
        "@id": f"{base}/v1/exports/{release['id']}",
        "dct:identifier": release["id"],
        "dct:title": [{"@language": "zh", "@value": zh + span}, {"@language": "en", "@value": en + span}],
        "dct:issued": {"@type": "xsd:dateTime", "@value": local(release["published_at"])},
        "dct:accrualPeriodicity": {"@id": _FREQUENCY},
        "dct:language": ["zh", "en"],
        "dct:rights": [{"@language": "zh", "@value": TERMS_ZH}, {"@language": "en", "@value": TERMS}],
        "dcat:version": release["id"],
        "dcat:distribution": [
            {
                "@type": "dcat:Distribution",
                "@id": f"{base}{file['url']}",
                "dct:title": file["path"],
                "dcat:downloadURL": {"@id": f"{base}{file['url']}"},
                "dcat:mediaType": {"@id": _MEDIA + _TYPES.get(file["format"], "application/octet-stream")},
                "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(file["bytes"])},
                "spdx:checksum": {
                    "@type": "spdx:Checksum",
                    "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
                    "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": file["sha256"]},
                },
            }
            for file in release["files"]
            if file["table"] is not None
        ],
    }
