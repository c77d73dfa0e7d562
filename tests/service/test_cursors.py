"""Cursors of other lists, and texts that are none, are refused in words by whatever takes a cursor."""

from base64 import urlsafe_b64encode
from typing import Any

import orjson
import pytest

from service.access.rules import Role
from service.clock import stored_instant
from service.db import Database
from service.http import BadCursor, decode_cursor, encode_cursor, key_of
from tests.clients import client_of, make_app, make_key
from tests.factories import make_authority

ID = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c02"
#: What stands for a part of a path: it names nothing that is there.
PARTS = {"uscc": "91500000XY0000012K", "month": "2026-10", "record_kind": "penalty", "kind": "penalties"}
#: Keys of lists of every kind, and of none.
FOREIGN = (
    ["x"], ["x", "y"], ["x", "y", "z"], [ID], ["2026-11-24", ID], ["2026-11-24T00:00:00", ID], ["0001-01-01T00:00:00+14:00", ID],
    ["99999999999999999999"],
)  # fmt: skip


def cursor_of(content: Any) -> str:
    return urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")


def paths_with_a_cursor(document: dict[str, Any]) -> list[str]:
    found = []
    for path, operations in document["paths"].items():
        said = operations.get("get", {}).get("parameters", ())
        parameters = [
            document["components"]["parameters"][one["$ref"].rsplit("/", 1)[-1]] if "$ref" in one else one
            for one in said
        ]
        if any(one["name"] == "cursor" for one in parameters):
            parts = {one["name"]: PARTS.get(one["name"], ID) for one in parameters if one["in"] == "path"}
            query = "&".join(
                f"{one['name']}={PARTS.get(one['name'], 'x')}"
                for one in parameters
                if one["in"] == "query" and one.get("required")
            )
            found.append(f"{path.format(**parts)}?{query}&cursor=")
    return found


async def test_whatever_takes_a_cursor_refuses_those_of_others_in_words(database: Database) -> None:
    app = make_app(database)
    async with database.transaction() as session:
        await make_authority(session, code="cursors")
    many = [role for role in Role if role is not Role.ADMINISTRATOR]
    key = await make_key(database, *many, authority_code="cursors")
    paths = paths_with_a_cursor(app.openapi())
    assert len(paths) > 40
    refused = set()
    async with client_of(app, key=key) as client:
        for path in paths:
            for content in FOREIGN:
                answer = await client.get(path + cursor_of(content))
                assert answer.status_code < 500, (path, content, answer.text)
                if answer.status_code == 422 and answer.json()["code"] == "bad_cursor":
                    refused.add(path)
    assert len(refused) > len(paths) // 2, "most were reached"


@pytest.mark.parametrize(
    "text", ["", "!", "bm9uZQ", cursor_of([]), cursor_of({}), cursor_of([1]), cursor_of(["a\0"]), "\N{GRINNING FACE}"]
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        decode_cursor(text)


def test_a_key_comes_back_as_it_was() -> None:
    at = "2026-11-24T00:00:00+08:00"
    assert key_of(encode_cursor((at, "x")), stored_instant, str) == (stored_instant(at), "x")
    assert key_of("", str) is None
    assert key_of(None, str) is None
    for wrong in (("x",), ("x", "y", "z"), (at, "y")):
        with pytest.raises(BadCursor):
            key_of(wrong, stored_instant, int)
