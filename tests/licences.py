"""Writes `docs/licences.md` from the metadata of what `requirements/run.lock` pins: `python -m tests.licences`."""

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "licences.md"

#: What may be used: free licences without a duty to publish what uses them. MPL and EPL are per file, OFL is of fonts.
ALLOWED = (
    "0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "EPL-2.0", "ISC", "MIT", "MIT-0", "MPL-2.0", "OFL-1.1",
    "OLDAP-2.8", "PSF-2.0", "Unlicense", "Zlib",
)  # fmt: skip

#: Words by which older metadata say the same.
WORDS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "PSFL": "PSF-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "SIL Open Font License 1.1 (OFL-1.1)": "OFL-1.1",
}


def pinned() -> list[str]:
    """Return the names of what is installed to run the service."""
    lines = (ROOT / "requirements" / "run.lock").read_text("utf-8").splitlines()
    return [found[1] for line in lines if (found := re.match(r"^([a-z0-9][a-z0-9-]*)==", line)) is not None]


def licence(name: str) -> str | None:
    """Return the licence that a package's metadata state, as an SPDX expression; None where it is not installed here."""
    try:
        stated = metadata(name)
    except PackageNotFoundError:
        return None
    expressions: list[str] = (stated.get_all("License-Expression") or []) + (stated.get_all("License") or [])
    expression = expressions[0] if expressions else ""
    if not expression or "\n" in expression or len(expression) > 60:
        classifiers = [
            line.split(" :: ")[-1] for line in stated.get_all("Classifier") or () if line.startswith("License")
        ]
        expression = " OR ".join(WORDS.get(words, words) for words in classifiers)
    return WORDS.get(expression, expression)


def may_be_used(words: str) -> bool:
    """Return whether an SPDX expression without nesting allows it: of alternatives one, of what counts together all."""
    plain = words.replace("(", "").replace(")", "")
    parts = [re.split(r"\s+OR\s+", part) for part in re.split(r"\s+AND\s+", plain)]
    return all(set(ALLOWED) & set(alternatives) for alternatives in parts)


def unknown_licences() -> dict[str, str]:
    """Return packages whose licence is not among those that may be used."""
    found = {name: licence(name) for name in pinned()}
    return {name: words for name, words in found.items() if words is not None and not may_be_used(words)}


def page() -> str:
    """Return the page."""
    rows = [f"| {name} | {words} |" for name in sorted(pinned()) if (words := licence(name)) is not None]
    return (
        "# Licences of what is installed to run it\n\nWritten from the packages' own metadata by `make lock`; a test compares, and"
        " refuses any licence that would ask for the publication of what uses it.\n\n| package | licence |\n|---|---|\n"
        + "\n".join(rows)
        + "\n"
    )


if __name__ == "__main__":
    if unknown := unknown_licences():
        sys.exit(f"Licences that are not among those that may be used: {unknown}")
    PAGE.write_text(page(), "utf-8")
