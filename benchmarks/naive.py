"""The yardstick for one status: an endpoint as it is written without a second thought, with FastAPI and the ORM.

It has a response model and three queries, and says less: no position, no sources, no pending changes, no warnings. Run as
`python -m benchmarks.naive PORT DATABASE_URL`.
"""

import sys
from collections.abc import AsyncIterator
from datetime import date
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI, HTTPException
from pydantic import BaseModel, ConfigDict
from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from service.clock import legal_day, system_clock
from service.models import Blacklist, BlacklistEntryVersion, PenaltyVersion, SubjectVersion


class _Out(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class PenaltyOut(_Out):
    """A penalty of the answer."""

    document_no: str | None
    kinds: list[str]
    authority_name: str
    decided_on: date | None
    public_from: date | None
    public_until: date | None
    fine_fen: int | None


class EntryOut(_Out):
    """An entry of the answer."""

    list_id: str
    list_name: str
    severity: str
    grounds: str | None
    listed_on: date | None
    public_until: date | None


class AnswerOut(_Out):
    """The answer."""

    uscc: str
    name: str | None
    registration_status: str | None
    blacklist_entries: list[EntryOut]
    penalties: list[PenaltyOut]


def naive_app(url: str) -> FastAPI:
    """Return the application on a database."""
    sessions = async_sessionmaker(create_async_engine(url, pool_size=10), expire_on_commit=False)
    app = FastAPI()

    async def open_session() -> AsyncIterator[AsyncSession]:
        async with sessions() as session:
            yield session

    @app.get("/status/{uscc}")
    async def show(uscc: str, session: Annotated[AsyncSession, Depends(open_session)]) -> AnswerOut:
        today = legal_day(system_clock())
        subject = await session.scalar(
            select(SubjectVersion).where(SubjectVersion.uscc == uscc, SubjectVersion.superseded_at.is_(None))
        )
        if subject is None:
            raise HTTPException(404)
        penalties = await session.scalars(
            select(PenaltyVersion).where(
                PenaltyVersion.uscc == uscc,
                PenaltyVersion.superseded_at.is_(None),
                PenaltyVersion.state == "published",
                PenaltyVersion.public_from <= today,
                or_(PenaltyVersion.public_until.is_(None), PenaltyVersion.public_until >= today),
            )
        )
        entries = await session.execute(
            select(BlacklistEntryVersion, Blacklist)
            .join(Blacklist, Blacklist.id == BlacklistEntryVersion.list_id)
            .where(
                BlacklistEntryVersion.uscc == uscc,
                BlacklistEntryVersion.superseded_at.is_(None),
                BlacklistEntryVersion.state == "published",
                BlacklistEntryVersion.public_from <= today,
                or_(BlacklistEntryVersion.public_until.is_(None), BlacklistEntryVersion.public_until >= today),
            )
        )
        return AnswerOut(
            uscc=uscc,
            name=subject.name,
            registration_status=subject.registration_status,
            penalties=[PenaltyOut.model_validate(penalty) for penalty in penalties],
            blacklist_entries=[
                EntryOut(
                    list_id=entry.list_id,
                    list_name=listed.name,
                    severity=listed.severity,
                    grounds=entry.grounds,
                    listed_on=entry.listed_on,
                    public_until=entry.public_until,
                )
                for entry, listed in entries
            ],
        )

    return app


if __name__ == "__main__":
    uvicorn.run(naive_app(sys.argv[2]), port=int(sys.argv[1]), log_level="warning", access_log=False, loop="uvloop")
