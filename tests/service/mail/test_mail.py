import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from functools import partial
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from sqlalchemy import text

from service.db import Database
from service.mail.actions import Post, deliver_mail, send
from service.mail.rules import MOST_ATTEMPTS, Notice, wait_after
from tests.clients import NOW
from tests.service.penalties.lives import AUTHORITY, USCC, Office, open_office

ADDRESS = "credit@office.example"


@dataclass
class Server:
    """A real mail server: it keeps what it takes, and refuses as long as `refusing` is set."""

    port: int = 0
    refusing: bool = False
    taken: list[Message] = field(default_factory=list)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusing:
            return "451 Try again later"
        assert isinstance(envelope.content, bytes)
        self.taken.append(message_from_bytes(envelope.content))
        return "250 Message accepted"


@asynccontextmanager
async def mail_server() -> AsyncIterator[Server]:
    taken = Server()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(taken, loop=loop, hostname="post.example"), "127.0.0.1", 0)
    taken.port = server.sockets[0].getsockname()[1]
    try:
        yield taken
    finally:
        server.close()
        await server.wait_closed()


async def objected(office: Office) -> None:
    """Queue a notice for the authority: somebody objects to a record of it."""
    record = await office.published()
    await office.settle()
    body = {"record_kind": "penalty", "record_id": record["id"], "nature": "inaccurate", "statement": "内容有误"}
    made = await office.platform.post(f"/v1/subjects/{USCC}/objections", json=body)
    assert made.status_code == 201, made.text


async def test_a_notice_is_sent_until_the_server_takes_it_and_names_nobody(database: Database) -> None:
    async with open_office(database) as office, mail_server() as server:
        post = Post("127.0.0.1", server.port, "none", None, None, "xinyong@service.example")
        deliver = partial(send, post)
        path = f"/v1/notice-addresses/{AUTHORITY}"
        assert (await office.reviewer.get(path)).json()["code"] == "no_addresses"
        body = {"addresses": [ADDRESS]}
        assert (await office.reviewer.put(path, json=body)).status_code == 403
        assert (await office.consenter.put(path, json=body)).status_code == 201
        bad = await office.consenter.put(path, json={"addresses": ["no address"]}, headers={"If-Match": '"1"'})
        assert bad.status_code == 422
        assert (await office.outsider.get(path)).json()["code"] == "not_your_notices"
        await objected(office)

        server.refusing = True
        assert await deliver_mail(database, now=NOW, deliver=deliver) == 0
        assert await deliver_mail(database, now=NOW, deliver=deliver) == 0
        server.refusing = False
        later = NOW + wait_after(1)
        assert await deliver_mail(database, now=later, deliver=deliver) == 1
        (mail,) = server.taken
        assert mail["To"] == ADDRESS
        text_of = mail.get_payload(decode=True)
        assert isinstance(text_of, bytes)
        assert USCC not in text_of.decode()
        assert "示例商贸" not in text_of.decode()
        assert await deliver_mail(database, now=later + timedelta(days=1), deliver=deliver) == 0
        async with database.reading() as session:
            done = await session.execute(text("SELECT done_at FROM outbox_item WHERE topic = 'authority_notice'"))
        assert done.scalar_one() == later


async def test_a_deliverer_that_dies_after_sending_has_the_same_mail_sent_again(database: Database) -> None:
    async with open_office(database) as office, mail_server() as server:
        post = Post("127.0.0.1", server.port, "none", None, None, "xinyong@service.example")
        await office.consenter.put(f"/v1/notice-addresses/{AUTHORITY}", json={"addresses": [ADDRESS]})
        await objected(office)

        async def dies(notice: Notice) -> None:
            await send(post, notice)
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await deliver_mail(database, now=NOW, deliver=dies)
        # Nobody takes it while the one who died might still be sending.
        assert await deliver_mail(database, now=NOW + timedelta(minutes=1), deliver=partial(send, post)) == 0
        assert await deliver_mail(database, now=NOW + timedelta(minutes=5), deliver=partial(send, post)) == 1
        first, second = server.taken
        assert first["Message-ID"] == second["Message-ID"]


async def test_what_was_queued_before_an_authority_named_an_address_is_not_sent(database: Database) -> None:
    async with open_office(database) as office:
        await objected(office)

        async def never(notice: Notice) -> None:
            raise AssertionError(notice)

        later: dict[str, Any] = {"now": NOW + timedelta(days=1), "deliver": never}
        assert await deliver_mail(database, **later) == 0
        async with open_office(database, now=NOW + timedelta(hours=1)) as tomorrow:
            await tomorrow.consenter.put(f"/v1/notice-addresses/{AUTHORITY}", json={"addresses": [ADDRESS]})
        assert await deliver_mail(database, **later) == 0


def test_tries_wait_longer_and_longer_up_to_six_hours() -> None:
    waits = [wait_after(attempts) for attempts in range(1, MOST_ATTEMPTS)]
    assert waits[:3] == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert waits == sorted(waits)
    assert waits[-1] == timedelta(hours=6)
