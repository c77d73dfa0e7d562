"""Log lines: JSON on standard error, with the request's id, and never with a key in them."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

from service.settings import Settings

#: A key of this service, or what follows `Bearer`.
_SECRETS: Final = re.compile(r"\bxy_[0-9A-Za-z]{8,}|(?i:\bbearer )[!-~]+")
_SHOWN: Final = "[key]"


def without_keys(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace whatever looks like a key in the texts of a log line, tracebacks included. For structlog."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _SECRETS.sub(_SHOWN, value)
    return event


def log_for_a_terminal() -> None:
    """Log warnings and what is worse to standard error, as lines for people: a command says the rest itself."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            without_keys,
            structlog.dev.ConsoleRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def log_to_stderr(settings: Settings) -> None:
    """Log as JSON lines to standard error, from the set level on."""
    level = getattr(logging, settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_keys,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
