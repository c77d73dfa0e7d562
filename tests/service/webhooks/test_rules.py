import json
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from service.clock import system_clock
from service.webhooks.addresses import is_allowed
from service.webhooks.rules import (
    LARGEST,
    LONGEST_PAUSE,
    TRIED_FOR,
    BadWebhookUrl,
    check_url,
    message_of,
    next_try,
    pause_after,
)
from service.webhooks.signatures import make_signer, signed_headers

NOW = datetime(2026, 11, 24, 4, tzinfo=UTC)
LOG = UUID(int=7)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254",  # noqa: S104
        "100.64.0.1", "100.100.100.200", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
        "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1",
        "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2001::1", "2002:7f00:1::", "2001:db8::1", "fc00::1",
        "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "ff02::1", "fec0::1", "3fff::1", "localhost", "", "8.8.8.8.8", "0x7f.1",
    ],
)  # fmt: skip
def test_no_address_of_this_house_or_of_nobody_is_called(address: str) -> None:
    assert not is_allowed(address)


def test_public_addresses_are_called_and_this_machine_only_where_that_is_said() -> None:
    assert all(is_allowed(one) for one in ("8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "240e::1"))
    assert is_allowed("127.0.0.1", loopback=True)
    assert is_allowed("::1", loopback=True)
    assert not is_allowed("10.0.0.1", loopback=True)
    assert not is_allowed("::ffff:127.0.0.1", loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "", "hooks", "/hooks", "//shop.example/", "ftp://shop.example/", "http://shop.example/", "https://", "https:///x",
        "https://user@shop.example/", "https://user:x@shop.example/", "https://shop.example/#x", "https://shop.example:0/",
        "https://shop.example:99999/", "https://shop.example:x/", "https://shop .example/", "https://重庆.example/",
        "https://127.0.0.1/", "https://[::1]/", "https://10.1.2.3/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/",
        "http://127.0.0.1/", "http://localhost/", "https://shop.example/\r\nX: y", "file:///etc/passwd", "https://[::1",
    ],
)  # fmt: skip
def test_what_is_never_called_is_refused_when_it_is_stated(url: str) -> None:
    with pytest.raises(BadWebhookUrl):
        check_url(url, loopback=False)


def test_public_https_is_taken_and_http_to_this_machine_in_development_only() -> None:
    for url in (
        "https://shop.example/hooks?x=1",
        "https://shop.example:8443",
        "https://8.8.8.8/",
        "HTTPS://shop.example/",
    ):
        check_url(url, loopback=False)
    for url in ("http://127.0.0.1:9000/hook", "http://localhost:9000/", "http://[::1]:9000/", "https://127.0.0.1/"):
        check_url(url, loopback=True)
    for url in ("http://shop.example/", "http://10.0.0.1/", "http://127.0.0.1.example/"):
        with pytest.raises(BadWebhookUrl):
            check_url(url, loopback=True)


@pytest.mark.parametrize("chance", [0.0, 0.5, 1.0])
def test_tries_grow_apart_and_end_within_three_days(chance: float) -> None:
    instants = [NOW]
    for attempts in count(1):
        again = next_try(attempts, first_tried_at=NOW, now=instants[-1], chance=chance)
        if again is None:
            break
        instants.append(again)
    waits = [after - before for before, after in pairwise(instants)]
    assert waits == sorted(waits)
    assert waits[0] <= timedelta(seconds=5)
    assert TRIED_FOR - timedelta(hours=9) < instants[-1] - NOW <= TRIED_FOR
    assert 12 < len(instants) < 25


def test_an_endpoint_that_fails_is_left_alone_for_longer_up_to_an_hour() -> None:
    pauses = [pause_after(failures, chance=0) for failures in range(1, 60)]
    assert pauses[:3] == [timedelta(), timedelta(), timedelta(seconds=5)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


def test_signatures_are_those_of_the_standard_for_every_secret_that_signs() -> None:
    former, present, other = make_signer(), make_signer(), make_signer()
    body = json.dumps({"type": "penalty.published", "名": "重庆"}, ensure_ascii=False).encode()
    headers = signed_headers("log:7", body, [present, former], now=system_clock())
    for signer in (former, present):
        assert Webhook(signer.shown_secret).verify(body, headers)["名"] == "重庆"
    with pytest.raises(WebhookVerificationError):
        Webhook(other.shown_secret).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(present.shown_secret).verify(body + b" ", headers)
    marks = [b64decode(one[4:]) for one in headers["webhook-signature"].split() if one.startswith("v1a,")]
    signed = f"log:7.{headers['webhook-timestamp']}.".encode() + body
    for signer, mark in zip((present, former), marks, strict=True):
        key = b64decode(signer.public_key.removeprefix("whpk_"))
        Ed25519PublicKey.from_public_bytes(key).verify(mark, signed)


def test_a_message_holds_position_and_log_and_is_never_larger_than_said() -> None:
    item = {
        "position": 7, "event": "listed", "kind": "blacklist_entry", "uscc": "91500000XY0000012K", "id": UUID(int=1),
        "record": {"list": "x", "grounds": "短"},
    }  # fmt: skip
    told = json.loads(message_of(item, log_id=LOG, at=NOW))
    assert (told["type"], told["log_id"], told["data"]["position"]) == ("blacklist_entry.listed", str(LOG), 7)
    assert "acknowledge_until" not in told
    long = json.loads(message_of(item | {"record": {"grounds": "长" * LARGEST}}, log_id=LOG, at=NOW))
    assert long["data"]["record"] is None
    assert long["data"]["record_at"] == "/v1/changes?after=6&limit=1"
    ended = {"position": 8, "event": "ended", "id": UUID(int=1), "ended_on": NOW.date()}
    told = json.loads(message_of(ended, log_id=LOG, at=NOW, receipt_until=NOW))
    assert set(told["data"]) == {"position", "event", "id", "ended_on"}
    assert told["type"] == "record.ended"
    assert told["acknowledge_until"].startswith("2026-11-24T04:00")
