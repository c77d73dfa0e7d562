"""Writes `docs/data-dictionary.md`: our fields, the column names they are read from, and what each of them fills.

`python -m schemas.write_data_dictionary` writes it, a test compares.
"""

from pathlib import Path
from typing import Final

from service.imports.shapes import SHAPES
from service.tables.columns import KINDS, ColumnMap, fields_of, load_maps

PAGE: Final = Path(__file__).parents[1] / "docs" / "data-dictionary.md"
_SHOWN_NAMES: Final = 8


def data_dictionary() -> str:
    """Return the page as Markdown."""
    parts = [
        "# Data dictionary\n",
        "Written by `make dictionary` from `schemas/columns/` and `service/imports/shapes.py`; a test compares.\n",
        "A field is what a column of a file means. It fills columns of a record's version; fields that fill none are used to",
        "find the record, its authority or its subject, or are kept raw. Names are shown as they are compared: in half width and",
        "lower case, without blanks and joiners.\n",
    ]
    for kind in KINDS:
        shape = SHAPES[kind]
        parts += [f"\n## Files of {kind}\n", "| field | what it is | fills | names met, some of |", "|---|---|---|---|"]
        maps = [one for one in load_maps() if one.kind == kind]
        for field, words in sorted(fields_of(kind).items()):
            filled = sorted(column for column, read in shape.read_from.items() if field in read)
            fills = ", ".join(f"`{column}`" for column in filled)
            parts.append(f"| `{field}` | {words} | {fills} | {'; '.join(_names(maps, field))} |")
        parts += [
            f"\n### Columns of `{shape.version}` that an import writes\n",
            "| column | type | compared |",
            "|---|---|---|",
        ]
        parts += [
            f"| `{name}` | {type_} | {'yes' if name in shape.compared else ''} |" for name, type_ in shape.content
        ]
    parts += [
        "\nCompared columns make a row a change when they differ from what its source stated last; the others follow from them,",
        "or are mere wording.",
    ]
    return "\n".join(parts) + "\n"


def _names(maps: list[ColumnMap], field: str) -> list[str]:
    names = dict.fromkeys(name for one in maps for name, (our_field, _) in one.names.items() if our_field == field)
    shown = [name.replace("|", "\\|").replace("\n", " ") for name in names]
    return [*shown[:_SHOWN_NAMES], *(["…"] if len(shown) > _SHOWN_NAMES else [])]


def main() -> None:
    """Write the page."""
    PAGE.write_text(data_dictionary(), encoding="utf-8")


if __name__ == "__main__":
    main()
