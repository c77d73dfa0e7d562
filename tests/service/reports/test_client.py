"""What happens outside the server: forms are filled, checked, sealed, opened; nobody but the authority's key reads them."""

import base64
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from service.cli import make_command
from service.reports.identities import NotAStatus, check_identities
from service.reports.reading import parts_of, read_file
from service.reports.rules import (
    MalformedSeal,
    ReportKind,
    SealTooLarge,
    WrongPeriod,
    check_period,
    due_on,
    read_period,
)
from service.reports.sealing import BrokenSeal, NoSealingKey, WrongKey, read_header, read_private, read_public, unseal
from service.reports.templates import NotTheTemplate, as_csv, as_workbook, read_rows, templates
from tests.factories import make_uscc
from tests.service.reports.filled import IDENTITIES, LEAD, SECRETS, status_answer, write_csv, write_json

PLATFORM = "0199d3b0-6f1a-7c31-8a55-2f5f7d9e1c10"
Run = Callable[..., Result]
WORD = "long password"
HALF = read_period("2026-H1")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    app = make_command("reports")
    return lambda *words: CliRunner().invoke(app, ["reports", *words])


def altered(sealed: str, part: int, at: int = 3) -> str:
    parts = sealed.split(".")
    parts[part] = parts[part][:at] + ("A" if parts[part][at] != "A" else "B") + parts[part][at + 1 :]
    return ".".join(parts)


def test_a_report_is_sealed_by_the_platform_and_opened_by_the_authority_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "password").write_text(f"{WORD}\n")
    made = run("keygen", "city", "--password-file", "password")
    assert made.exit_code == 0
    assert run("keygen", "other").exit_code == 0
    assert run("keygen", "city").exit_code == 1, "no key is overwritten"
    private = tmp_path / "city.private.pem"
    assert private.stat().st_mode & 0o777 == 0o600
    write_csv(tmp_path / "merchants.csv", IDENTITIES)
    (tmp_path / "status.json").write_text(
        json.dumps(status_answer({"uscc": make_uscc(1), "name": "重庆别家贸易有限公司", "outcome": "listed"}))
    )
    about = ("--kind", "identity", "--period", "2026-H1")
    checked = run("check", "merchants.csv", *about, "--status", "status.json")
    assert "0 closed, 0 unknown, 1 name differs, 1 listed" in checked.output
    to = ("--platform", PLATFORM, "--authority", "city", "--key", "city.public.json")
    assert run("seal", "merchants.csv", *about, *to).exit_code == 2, "identities are checked before they are sealed"
    assert run("seal", "merchants.csv", *about, *to, "--fingerprint", "other", "--unchecked").exit_code == 1
    assert run("seal", "merchants.csv", *about, *to[:-1], "city.private.pem", "--unchecked").exit_code == 2
    done = run("seal", "merchants.csv", *about, *to, "--status", "status.json")
    assert done.exit_code == 0, done.output
    (file,) = tmp_path.glob("identity-*.json")
    sealed = json.loads(file.read_text())["sealed"]
    header = read_header(sealed)
    assert header.digest in done.output
    assert header.envelope.counts == {
        "rows": 2, "registered": 1, "unregistered": 1, "closed": 0, "unknown": 0, "name_differs": 1, "listed": 1,
    }  # fmt: skip
    assert not [one for one in SECRETS if one in sealed]

    opened = ("open", file.name, "--to", "opened.json", "--status", "status.json", "--key")
    wrong = run(*opened, "other.private.pem")
    assert isinstance(wrong.exception, WrongKey)
    assert isinstance(run(*opened, "city.private.pem").exception, NoSealingKey), "its password is missing"
    done = run(*opened, "city.private.pem", "--password-file", "password")
    assert done.exit_code == 0, done.output
    assert done.output.count("1 name differs, 1 listed") == 2, "as it was sealed, and now"
    assert json.loads((tmp_path / "opened.json").read_text("utf-8")) == IDENTITIES
    assert (tmp_path / "opened.json").stat().st_mode & 0o777 == 0o600
    assert run("check", "opened.json", *about).exit_code == 0

    key = read_private(private.read_bytes(), password=WORD)
    for part in range(1, 5):
        with pytest.raises(BrokenSeal):
            unseal(altered(sealed, part), key)
    other = read_header(sealed).envelope.members() | {"counts": {"rows": 1}}
    head = json.loads(base64.urlsafe_b64decode(sealed.split(".")[0] + "=="))
    for report, error in ((other, BrokenSeal), (other | {"note": SECRETS[0]}, MalformedSeal)):
        text = base64.urlsafe_b64encode(json.dumps(head | {"report": report}).encode()).decode().rstrip("=")
        with pytest.raises(error):
            unseal(".".join([text, *sealed.split(".")[1:]]), key)
    for bad in ("", "nonsense", sealed.rsplit(".", 1)[0], altered(sealed, 0)):
        with pytest.raises((MalformedSeal, BrokenSeal)):
            unseal(bad, key)
    with pytest.raises(SealTooLarge):
        read_header("x" * (32 * 1024**2 + 1))
    with pytest.raises(NoSealingKey):
        read_public({"kty": "OKP", "crv": "Ed25519", "x": "x" * 43})


@pytest.mark.parametrize(
    ("row", "code"),
    [
        pytest.param({"uscc": "91500000XY0000012X"}, "no_code", id="check character"),
        pytest.param({"uscc": ""}, "missing", id="registered without a code"),
        pytest.param({"merchant_type": "unregistered"}, "missing", id="unregistered without a number"),
        pytest.param({"merchant_type": "其他"}, "no_choice", id="a choice of its own"),
        pytest.param({"shop_url": "javascript:x"}, "no_url", id="no address"),
        pytest.param({"contact": "x" * 201}, "too_long", id="too long"),
        pytest.param({"id_number": "110105194912310021"}, "no_person", id="number of nobody"),
        pytest.param({"phone": "x"}, "unknown_field", id="unknown"),
        pytest.param({"name": 7}, "not_text", id="a number"),
    ],
)
def test_rows_that_do_not_fit_are_named_and_not_repeated(row: dict[str, Any], code: str) -> None:
    with pytest.raises(NotTheTemplate) as refused:
        read_rows(ReportKind.IDENTITY, [IDENTITIES[0], IDENTITIES[0] | row], period=HALF)
    faults = refused.value.extra["faults"]
    assert isinstance(faults, list)
    assert {"row": 2, "code": code} in [{name: one[name] for name in ("row", "code")} for one in faults]
    assert not [one for one in map(str, row.values()) if len(one) > 2 and one in str(refused.value)]


def test_forms_are_read_as_they_are_written(tmp_path: Path) -> None:
    week = read_period("2026-11-16/2026-11-22")
    lead = read_rows(ReportKind.LEAD, [LEAD | {"observed_on": "2026年11月20日"}], period=week)
    assert lead == [LEAD]
    for changes, code in (({"observed_on": "2026-11-23"}, "outside_the_period"), ({"uscc": ""}, "missing")):
        with pytest.raises(NotTheTemplate, match=code):
            read_rows(ReportKind.LEAD, [LEAD | changes], period=week)
    for kind, form in templates().items():
        path = tmp_path / f"{kind}.xlsx"
        path.write_bytes(as_workbook(form))
        book = load_workbook(path)
        sheet = book.worksheets[0]
        assert [cell.value for cell in sheet[1]] == [one.zh for one in form.fields]
        assert as_csv(form).decode("utf-8-sig").strip().split(",") == [one.zh for one in form.fields]
        if kind is ReportKind.IDENTITY:
            first = IDENTITIES[0] | {"merchant_type": "已登记"}
            sheet.append([first.get(one.id) for one in form.fields])
            book.save(path)
            assert read_file(path, kind, period=HALF) == IDENTITIES[:1]
    for content in ("[1]", "[{", "企业,代码\nx,y\n", "名称或姓名,名称或姓名\nx,y\n", "[]"):
        (tmp_path / "bad").write_text(content, "utf-8")
        with pytest.raises(NotTheTemplate):
            read_file(tmp_path / "bad", ReportKind.IDENTITY, period=HALF)
    assert read_file(write_json(tmp_path / "a.json", IDENTITIES), ReportKind.IDENTITY, period=HALF) == IDENTITIES
    assert parts_of([LEAD] * 5, most=2) == [range(2), range(2, 4), range(4, 5)]
    assert parts_of([LEAD] * 3, most_bytes=10) == [range(1), range(1, 2), range(2, 3)]


def test_identities_are_held_against_registrations() -> None:
    rows = [IDENTITIES[0] | {"uscc": make_uscc(n)} for n in range(1, 6)] + [IDENTITIES[1]]
    answer = status_answer(
        {"uscc": make_uscc(1), "name": "重庆星屿贸易有限责任公司"},
        {"uscc": make_uscc(2), "registration": {"status": "revoked", "since": None}},
        {"uscc": make_uscc(3), "registration": None, "outcome": "not_covered"},
        {"uscc": make_uscc(4), "name": "重庆别家贸易有限公司", "outcome": "penalised"},
        {"uscc": make_uscc(5), "outcome": "listed"},
    )
    found = check_identities(rows, [answer])
    assert found.rows == {"closed": [2], "unknown": [3], "name_differs": [4], "listed": [5]}
    assert found.part(range(2, 4)).rows == {"closed": [], "unknown": [1], "name_differs": [2], "listed": []}
    nothing: list[dict[str, Any]] = []
    for bad in (nothing, [answer | {"results": []}], [answer | {"as_of": "[red]"}]):
        with pytest.raises(NotAStatus):
            check_identities(rows, bad)


@pytest.mark.parametrize(
    ("kind", "period", "today", "right"),
    [
        ("identity", "2026-H1", date(2026, 7, 1), True),
        ("identity", "2026-H1", date(2026, 6, 30), False),
        ("identity", "2026-01-01/2026-06-29", date(2026, 7, 1), False),
        ("identity", "2025-07-01/2026-06-30", date(2026, 7, 1), False),
        ("lead", "2026-11-24/2026-11-24", date(2026, 11, 24), True),
        ("lead", "2026-11-24/2026-11-25", date(2026, 11, 24), False),
        ("transactions", "2025-01-01/2026-11-24", date(2026, 11, 24), False),
    ],
)
def test_each_kind_is_about_its_days(kind: str, period: str, today: date, right: bool) -> None:
    try:
        check_period(ReportKind(kind), read_period(period), today=today)
    except WrongPeriod:
        assert not right
    else:
        assert right


def test_identities_are_due_in_january_and_july() -> None:
    assert due_on(ReportKind.IDENTITY, HALF) == date(2026, 7, 31)
    assert due_on(ReportKind.IDENTITY, read_period("2026H2")) == date(2027, 1, 31)
    assert due_on(ReportKind.LEAD, HALF) is None
    for bad in ("2026", "2026-H3", "2026-02-30/2026-03-01", "2026-03-02/2026-03-01"):
        with pytest.raises(WrongPeriod):
            read_period(bad)
