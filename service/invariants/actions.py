from service.db import Database, driver
from service.invariants.queries import count_broken
from service.invariants.rules import check_found


async def check_invariants(database: Database) -> int:
    """Look whether everything holds that always holds, in one snapshot that cannot write; return 0, the number of findings.

    Raises:
        InvariantsBroken: something does not; the run's summary says what.
    """
    async with database.reading() as session:
        connection = await driver(session)
        await connection.execute("SET LOCAL statement_timeout = 0")
        found = await count_broken(connection)
    check_found(found)
    return sum(found.values())
