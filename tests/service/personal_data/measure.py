"""Measures the personal-data scan on the made-up texts: `python -m tests.service.personal_data.measure`."""

import sys
from dataclasses import dataclass

from service.personal_data.rules import Kind, scan
from tests.service.personal_data.corpus import CLEAN, HOLDING


@dataclass(frozen=True)
class Figures:
    """What was measured for one kind: texts that hold it, those missed, clean texts in which it was seen."""

    kind: Kind
    texts: int
    missed: tuple[str, ...]
    false_alarms: tuple[str, ...]


def figures() -> list[Figures]:
    """Return the figures of each kind."""
    seen = {text: {found.kind for found in scan(text)} for text in CLEAN}
    return [
        Figures(
            kind=kind,
            texts=len(HOLDING[kind]),
            missed=tuple(text for text in HOLDING[kind] if kind not in {found.kind for found in scan(text)}),
            false_alarms=tuple(text for text, kinds in seen.items() if kind in kinds),
        )
        for kind in Kind
    ]


def table() -> str:
    """Return the figures as a Markdown table."""
    lines = [
        f"| texts with | how many | missed | false alarms in {len(CLEAN)} clean texts |",
        "|---|---:|---:|---:|",
        *(f"| {one.kind} | {one.texts} | {len(one.missed)} | {len(one.false_alarms)} |" for one in figures()),
    ]
    return "\n".join(lines)


def details() -> str:
    """Return the texts that were missed and those that alarmed falsely, one a line."""
    lines = [f"{one.kind} missed: {text!r}" for one in figures() for text in one.missed]
    lines += [f"{one.kind} false alarm: {text!r}" for one in figures() for text in one.false_alarms]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(f"{table()}\n\n{details()}\n")
