"""The table of every route and every role in docs/access.md, made from what the routes declare.

`python -m service.access.table` prints it, `--write` puts it into the page (`make openapi` does), `--check` compares.
"""

import re
import sys
from pathlib import Path
from typing import Final

from fastapi import FastAPI

from service.access.declared import WHOSE_WORDS, Declared, Whose, operations_of
from service.access.rules import Role
from service.access.sessions.rules import is_console
from service.app import create_app
from service.db import Database
from service.settings import Settings

PAGE: Final = Path(__file__).parents[2] / "docs" / "access.md"
BEGIN: Final = "<!-- made by `make openapi` from the code: begin -->"
END: Final = "<!-- end -->"
MARKS: Final = {Whose.ANY: "yes", Whose.OWN: "own", Whose.SEEN: "seen"}


def table_of(app: FastAPI) -> str:
    """Return the table in Markdown: one row an operation of the API, one column a role, the first a caller without a key."""
    words = "; ".join(f"`{MARKS[whose]}`: {WHOSE_WORDS[whose]}" for whose in Whose)
    columns = [None, *Role]
    head = "| operation | " + " | ".join("no key" if role is None else role.value for role in columns) + " |"
    rows = [head, "|---|" + "---|" * len(columns)]
    rows += [_row(one, columns) for one in operations_of(app) if in_table(one)]
    others = ", ".join(f"`{path}`" for path in sorted({one.path for one in operations_of(app) if is_open(one)}))
    return (
        f"{words}; empty: refused (401 without a key, else 403). At the console who is signed in stands for his key.\n\n"
        + "\n".join(rows)
        + (f"\n\nPages and what is asked of every server need no key: {others}, and the files beside them.\n")
    )


def in_table(one: Declared) -> bool:
    """Return whether an operation has a row: those of the API, and the console's pages, whose English ones are the same."""
    return one.path.startswith("/v1/") or (
        is_console(one.path) and not one.path.startswith("/en/") and not is_open(one)
    )


def is_open(one: Declared) -> bool:
    """Return whether an operation is none of the API and needs no key."""
    return not one.path.startswith("/v1/") and one.access is not None and one.access.is_public


def _row(one: Declared, columns: list[Role | None]) -> str:
    access = one.access
    if access is None:
        raise ValueError(f"{one.method} {one.path} does not say who may call it: see service.http.require and PUBLIC")
    cells = [MARKS[access.whose] if access.admits(role) else "" for role in columns]
    return f"| {one.method} `{one.path}` | " + " | ".join(cells) + " |"


def page_with(table: str, page: str) -> str:
    """Return the page with the table in its place."""
    return re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: f"{BEGIN}\n{table}{END}", page, flags=re.DOTALL)


def main(arguments: list[str]) -> int:
    """Print the table, put it into the page, or compare both; return the exit code."""
    app = create_app(Settings(), database=Database("postgresql+asyncpg://localhost/none", application="table"))
    table = table_of(app)
    before = PAGE.read_text("utf-8")
    after = page_with(table, before)
    if "--write" in arguments:
        PAGE.write_text(after, "utf-8")
    elif "--check" in arguments and after != before:
        sys.stderr.write(
            "docs/access.md does not say who may call what: run `make openapi` and commit the difference.\n"
        )
        return 1
    elif not arguments:
        sys.stdout.write(table)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
