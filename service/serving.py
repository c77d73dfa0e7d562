"""The server process of the API: its connections to the database, and to its clients."""

import uvicorn
from fastapi import FastAPI

from service.clock import system_clock
from service.db import Database
from service.limits.limiter import Limiter
from service.limits.rules import Kind
from service.patient_protocol import PatientProtocol
from service.settings import Settings

#: Seconds in which requests that are being worked on may come to their end when the process is told to stop.
DRAIN_SECONDS = 8


def api_database(url: str, settings: Settings) -> Database:
    """Return the database of an API process, with every deadline that the settings have."""
    return Database(
        url,
        application="xinyong api",
        pool_size=settings.pool_size,
        statement_timeout_ms=settings.statement_timeout_ms,
        lock_timeout_ms=settings.lock_timeout_ms,
        idle_timeout_ms=settings.idle_timeout_ms,
        # The driver's own limit is for a server that does not even say that a statement took too long.
        command_timeout=settings.statement_timeout_ms / 1000 + 5,
    )


def api_limiter(settings: Settings) -> Limiter:
    """Return the rate limits that all API processes on this data directory keep together."""
    rates = {
        Kind.KEY: settings.rate_key,
        Kind.ADDRESS: settings.rate_address,
        Kind.REFUSED: settings.rate_refused,
    }
    return Limiter(settings.data_dir / "limits", rates, clock=lambda: system_clock().timestamp())


def api_server(app: FastAPI, settings: Settings) -> uvicorn.Server:
    """Return the HTTP server of an API process; `run()` it. It ends within ten seconds of SIGTERM."""
    protocol = type("Protocol", (PatientProtocol,), {"patience": settings.client_timeout_s})
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=settings.host,
            port=settings.port,
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=DRAIN_SECONDS,
            loop="uvloop",
            http=protocol,
            ws="none",
            proxy_headers=bool(settings.trusted_proxies),
            forwarded_allow_ips=settings.trusted_proxies,
        )
    )
