"""A release on its own, outside the daily series: of everything or of a part, at the newest horizon."""

from datetime import datetime
from pathlib import Path

from service.db import Database, driver
from service.exports.building import Built, Options, build_full, put_in_place, unfinished
from service.exports.packages import Release
from service.exports.rules import Kind, NoHorizon, Selection, release_id
from service.exports.shapes import BY_NAME
from service.horizons.actions import log_clock_edges
from service.horizons.queries import find_last_horizon
from service.signing.keys import SigningKeys


async def export_selection(
    database: Database,
    folder: Path,
    keys: SigningKeys,
    *,
    selection: Selection,
    options: Options,
    now: datetime,
) -> Built:
    """Write the release `folder`, which does not exist yet; it appears whole or not at all.

    A horizon is taken first, so that nothing is in it that has ended by now.

    Raises:
        MalformedSelection: a table, region or list has not the form of one.
        PersonalDataFound: a text holds personal data.
        NoHorizon: the clock lies behind the last horizon by more than a moment.
    """
    selection.check(tuple(BY_NAME))
    await log_clock_edges(database, now=now)
    draft = unfinished(folder.parent, folder.name)
    async with database.reading() as session:
        horizon = await find_last_horizon(session)
        if horizon is None or horizon.at < now:
            raise NoHorizon("No horizon can be taken at this instant.", detail_zh="当前无法确定数据时点。")
        release = Release(
            id=release_id("export", horizon.at),
            kind=Kind.FULL,
            span=None,
            log_id=horizon.log_id,
            position=horizon.position,
            horizon=horizon.at,
            built_at=now,
            selection=selection,
        )
        built = await build_full(await driver(session), draft, release, keys, options)
    put_in_place(built, folder)
    return built
