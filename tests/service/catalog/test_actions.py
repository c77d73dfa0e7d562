from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from service.catalog import examples
from service.catalog.actions import add_authority, add_list, sync_seed
from service.catalog.queries import get_catalog_version, load_catalog
from service.catalog.rules import (
    KnownAuthority,
    KnownList,
    KnownRegion,
    KnownRule,
    KnownSource,
    NoLegalBasis,
    NoSuchAuthority,
    Seed,
)
from service.catalog.seed import load_seed
from service.models import Source
from service.rulebook.load import load_rulebook
from tests.clients import NOW


def known(kind: type[Any], example: dict[str, Any], **changes: Any) -> Any:
    values = {**example, **changes}
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})


AUTHORITY: KnownAuthority = known(KnownAuthority, examples.AUTHORITY, effective_from=None)
PARENT: KnownAuthority = replace(
    AUTHORITY, code="cq-market-regulation", name="示例市监局", aliases=(), parent_code=None
)
LIST: KnownList = known(KnownList, examples.LIST, effective_from=NOW.date())
SOURCE: KnownSource = known(KnownSource, examples.SOURCE)
RULE: KnownRule = known(KnownRule, examples.RULE, effective_from=NOW.date())
REGIONS = tuple(KnownRegion(f"50{n:04d}", f"示例{n}区", "county", "500000", "201901", "202312") for n in range(4500))
SEED = Seed((AUTHORITY, PARENT), (LIST,), (SOURCE,), REGIONS, (RULE,))


async def test_a_seed_is_taken_in_once(session: AsyncSession) -> None:
    assert await sync_seed(session, SEED, now=NOW)
    catalog = await load_catalog(session)
    assert catalog.version == 1
    assert catalog.authorities == tuple(sorted(SEED.authorities, key=lambda row: row.code))
    assert (catalog.lists, catalog.sources, catalog.rules) == (SEED.lists, SEED.sources, SEED.rules)
    assert catalog.regions == REGIONS
    assert not await sync_seed(session, SEED, now=NOW)
    assert await get_catalog_version(session) == 1


async def test_a_newer_seed_renews_its_rows_and_leaves_those_of_people(session: AsyncSession) -> None:
    await sync_seed(session, SEED, now=NOW)
    session.expunge_all()
    own = replace(LIST, id="own-list", name="自设示例名单")
    await add_list(session, own)
    await add_authority(session, replace(PARENT, code="own-authority"))
    renewed = Seed((AUTHORITY, PARENT), (replace(LIST, note="改"),), (replace(SOURCE, covers=()),), REGIONS[:2], ())
    later = NOW.replace(year=2027)
    assert await sync_seed(session, renewed, now=later)
    session.expunge_all()
    catalog = await load_catalog(session)
    assert catalog.version == 4
    assert {entry.id: entry.note for entry in catalog.lists} == {LIST.id: "改", "own-list": None}
    assert "own-authority" in catalog.authority_by_code
    assert catalog.sources[0].covers == ()
    assert (await session.scalars(select(Source.created_at))).one() == NOW
    assert catalog.regions == REGIONS[:2]
    assert catalog.rules == (), "a rule that the seed no longer brings is not in force"


@pytest.mark.parametrize(
    ("seed", "refusal"),
    [
        (replace(SEED, lists=(replace(LIST, legal_basis=" "),)), NoLegalBasis),
        (replace(SEED, authorities=(AUTHORITY,)), NoSuchAuthority),
        (replace(SEED, sources=(replace(SOURCE, importing_authorities=("nobody",)),)), NoSuchAuthority),
    ],
)
async def test_a_seed_that_breaks_a_rule_is_refused_whole(
    session: AsyncSession, seed: Seed, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await sync_seed(session, seed, now=NOW)
    assert await get_catalog_version(session) == 0


def test_the_digest_knows_content_and_not_order() -> None:
    assert replace(SEED, authorities=SEED.authorities[::-1]).digest == SEED.digest
    assert replace(SEED, lists=(replace(LIST, note="改"),)).digest != SEED.digest


async def test_the_rulebook_of_the_catalogue_is_the_one_of_the_data_files(session: AsyncSession) -> None:
    seed = load_seed()
    await sync_seed(session, seed, now=NOW)
    catalog = await load_catalog(session)
    stored = {rule.id for rule in seed.rules if rule.kind == "period"}
    assert stored
    assert {rule.id for rule in catalog.rulebook.rules} == stored
    assert (
        catalog.rulebook.rules
        == load_rulebook((rule.body for rule in catalog.rules if rule.kind == "period"), ()).rules
    )
    assert catalog.regions == tuple(sorted(seed.regions, key=lambda region: (region.code, region.name)))
