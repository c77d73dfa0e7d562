"""The half-yearly check of merchants' identities against registrations, before sealing and again after opening.

It asks a status batch of any server, or takes an answer that was kept; it never sends more than codes.

Source: 电子商务法 art. 27; SAMR令37号 art. 24 (D35).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import httpx

from service.errors import Invalid, Unavailable
from service.reading.names import fold_name

FINDINGS: Final = ("closed", "unknown", "name_differs", "listed")
#: Codes of one question; the server takes no more.
BATCH: Final = 10_000
Answers = Mapping[str, Mapping[str, Any]]


class NoStatus(Unavailable):
    """The server that was asked for the state of the merchants did not answer."""

    code = "no_status"


class NotAStatus(Invalid):
    """What should be the answer of a status batch is none, or leaves out codes of the report."""

    code = "not_a_status"


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check found: the state of which position, and the rows (from 1) by finding; a row may have several."""

    as_of: str
    log_id: str
    position: int
    rows: Mapping[str, list[int]]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows have each finding."""
        return {name: len(self.rows[name]) for name in FINDINGS}

    def members(self) -> dict[str, Any]:
        """Return its JSON form."""
        return {
            "as_of": self.as_of,
            "log_id": self.log_id,
            "position": self.position,
            "rows": {name: list(found) for name, found in self.rows.items()},
        }

    def part(self, places: range) -> "Checked":
        """Return what was found about the rows at some places, which are counted from 1 again."""
        rows = {name: [at - places.start for at in each if at - 1 in places] for name, each in self.rows.items()}
        return Checked(self.as_of, self.log_id, self.position, rows)


def read_checked(members: Any) -> Checked | None:  # noqa: ANN401 - what somebody else sealed
    """Return a check of its JSON form, or None where there was none.

    Raises:
        ValueError, KeyError, TypeError: it has another form.
    """
    if members is None:
        return None
    rows = {name: [int(at) for at in members["rows"][name]] for name in FINDINGS}
    as_of = datetime.fromisoformat(members["as_of"]).isoformat()
    return Checked(as_of, str(UUID(members["log_id"])), int(members["position"]), rows)


def codes_of(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the distinct codes of rows, in order."""
    return list(dict.fromkeys(row["uscc"] for row in rows if "uscc" in row))


def ask(
    codes: Sequence[str], *, url: str, key: str, transport: httpx.BaseTransport | None = None
) -> list[dict[str, Any]]:
    """Return the answers of a server about codes, one a batch.

    Raises:
        NoStatus: it did not answer, or refused.
    """
    answers = []
    with httpx.Client(base_url=url, timeout=60, transport=transport) as client:
        for part in _batches(codes):
            try:
                answer = client.post(
                    "/v1/status/batch", json={"codes": part}, headers={"Authorization": f"Bearer {key}"}
                )
            except httpx.HTTPError as error:
                raise NoStatus(f"{url} did not answer: {error}.", detail_zh="服务未答复。") from error
            if answer.status_code != 200:
                told = answer.json().get("detail") if "json" in answer.headers.get("content-type", "") else ""
                raise NoStatus(f"{url} answered {answer.status_code}. {told}", detail_zh="服务拒绝答复。")
            answers.append(answer.json())
    return answers


def _batches(codes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, max(len(codes), 1), BATCH):
        yield codes[start : start + BATCH]


def check_identities(rows: Sequence[Mapping[str, str]], answers: Sequence[Mapping[str, Any]]) -> Checked:
    """Return which rows name a firm that is closed, unknown, called otherwise or on a list, by the answers of a server.

    `closed`: the registration is cancelled, revoked or moved out. `unknown`: no registry source states a
    registration of the code. `name_differs`: the name is not the present one, words of the legal form left aside.

    Raises:
        NotAStatus: an answer is none, or a code has no answer.
    """
    try:
        last = answers[-1]
        as_of = datetime.fromisoformat(last["as_of"]).isoformat()
        frame = as_of, str(UUID(last["log_id"])), int(last["position"])
        by_code: Answers = {item["uscc"]: item for one in answers for item in one["results"] if "error" not in item}
        found: dict[str, list[int]] = {name: [] for name in FINDINGS}
        for at, row in enumerate(rows, start=1):
            for name in _findings(row, by_code[row["uscc"]]) if "uscc" in row else ():
                found[name].append(at)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise NotAStatus(
            "The answer is none of a status batch about these codes: ask again (`POST /v1/status/batch`).",
            detail_zh="不是针对这些代码的批量查询结果。",
        ) from error
    return Checked(*frame, found)


def _findings(row: Mapping[str, str], item: Mapping[str, Any]) -> Iterator[str]:
    status = (item["registration"] or {}).get("status")
    if item["registration"] is None:
        yield "unknown"
    elif status is not None and status != "active":
        yield "closed"
    if item["name"] is not None and "name" in row and fold_name(item["name"]) != fold_name(row["name"]):
        yield "name_differs"
    if item["outcome"] == "listed":
        yield "listed"
