"""The yardstick for status answers: Starlette and asyncpg, one statement a request, written by hand and nothing else.

No key, no limit, no audit, no position, no coverage, no warnings. Run as `python -m benchmarks.yardstick PORT DATABASE_URL`.
"""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from benchmarks.answers import JOIN
from service.clock import legal_day, system_clock

ONE = JOIN.replace("unnest($1::text[]) AS a (uscc)", "(SELECT $1::text AS uscc) AS a")


def _plain(value: object) -> str:
    return str(value)


def yardstick_app(url: str) -> Starlette:
    """Return the application on a database."""
    dsn = url.replace("+asyncpg", "")

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(dsn, min_size=10, max_size=10) as pool:
            app.state.pool = pool
            yield

    async def show(request: Request) -> Response:
        today = legal_day(system_clock())
        rows = await request.app.state.pool.fetch(ONE, request.path_params["uscc"], today)
        return Response(orjson.dumps([dict(row) for row in rows], default=_plain), media_type="application/json")

    async def show_many(request: Request) -> Response:
        codes = orjson.loads(await request.body())["codes"]
        today = legal_day(system_clock())
        rows = await request.app.state.pool.fetch(JOIN, codes, today)
        return Response(orjson.dumps([dict(row) for row in rows], default=_plain), media_type="application/json")

    routes = [Route("/status/{uscc}", show), Route("/batch", show_many, methods=["POST"]), Route("/up", _up)]
    return Starlette(routes=routes, lifespan=lifespan)


async def _up(_request: Request) -> Response:
    return Response(b"{}", media_type="application/json")


if __name__ == "__main__":
    uvicorn.run(yardstick_app(sys.argv[2]), port=int(sys.argv[1]), log_level="warning", access_log=False, loop="uvloop")
