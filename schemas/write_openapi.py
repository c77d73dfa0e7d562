"""Writes `schemas/openapi.json`, the committed contract: `python -m schemas.write_openapi`.

With `--check` it only compares.
"""

import json
import sys
from pathlib import Path
from typing import Final

from service.app import create_app
from service.db import Database
from service.settings import Settings

TARGET: Final = Path(__file__).with_name("openapi.json")


def openapi_document() -> bytes:
    """Return the OpenAPI document of this version, one space a level, members in the order of the code."""
    database = Database("postgresql+asyncpg://nobody@127.0.0.1:1/none", application="openapi")  # never connected to
    app = create_app(Settings(), database=database)
    return (json.dumps(app.openapi(), ensure_ascii=False, indent=1) + "\n").encode()


if __name__ == "__main__":
    if "--check" not in sys.argv:
        TARGET.write_bytes(openapi_document())
    elif TARGET.read_bytes() != openapi_document():
        sys.exit(
            "schemas/openapi.json is not the document of this version: run `make openapi` and commit the difference."
        )
