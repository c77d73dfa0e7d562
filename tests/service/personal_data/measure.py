"""Measures the personal-data scan on the made-up texts: `python -m tests.service.personal_data.measure`."""

import sys

from service.personal_data.rules import scan
from tests.service.personal_data.corpus import CLEAN, HOLDING


def figures() -> list[tuple[str, int, int]]:
    """Return (kind, texts, misses) for each kind, and false alarms among clean texts as the last row."""
    rows = [
        (kind, len(texts), sum(not any(found.kind == kind for found in scan(text)) for text in texts))
        for kind, texts in HOLDING.items()
    ]
    return [*rows, ("clean texts (false alarms)", len(CLEAN), sum(bool(scan(text)) for text in CLEAN))]


def table() -> str:
    """Return the figures as a Markdown table."""
    lines = ["| texts with | how many | missed |", "|---|---:|---:|"]
    return "\n".join([*lines, *(f"| {kind} | {texts} | {missed} |" for kind, texts, missed in figures())])


if __name__ == "__main__":
    sys.stdout.write(table() + "\n")
