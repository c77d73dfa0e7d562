"""Whose record a row is: the authority that it names, and the reason why that may not be."""

import polars as pl

from service.imports.interpret.cells import Cells
from service.imports.interpret.context import Context


def authority_columns(cells: Cells, context: Context) -> tuple[dict[str, pl.Series], pl.Series]:
    """Return code and name of the deciding authority, as a row names it, else the importing one; and reasons.

    An own row must be the importer's.
    """
    name, uscc = cells.field("authority_name"), cells.field("authority_uscc")
    stated = pl.DataFrame({"name": name, "uscc": uscc})
    distinct = stated.unique(maintain_order=True)
    told = [_authority(pair, context) for pair in distinct.rows()]
    schema = {"code": pl.String, "shown": pl.String, "reason": pl.String}
    known = pl.concat([distinct, pl.DataFrame(told, schema=schema, orient="row")], how="horizontal")
    rows = stated.join(known, on=["name", "uscc"], how="left", nulls_equal=True, maintain_order="left")
    return {
        "authority_code": rows.get_column("code"),
        "authority_name": rows.get_column("shown"),
    }, rows.get_column("reason")


def _authority(stated: tuple[str | None, str | None], context: Context) -> tuple[str, str, str | None]:
    own = context.authority
    if stated == (None, None):
        return own.code, own.name, None
    named = [known for text in stated if text and (known := context.catalog.find_authority(text))]
    shown = stated[0] or own.name
    if not named:
        return own.code, shown, "waiting_authority"
    if context.source is None and named[0].code != own.code:
        return named[0].code, shown, "authority_mismatch"
    return named[0].code, shown, None
