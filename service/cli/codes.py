"""`xinyong uscc`."""

from typing import Annotated

import typer

from service.catalog.seed import load_seed
from service.cli.terminal import out
from service.uscc.rules import check
from service.uscc.words import explain


def uscc(codes: Annotated[list[str], typer.Argument(help="One or more codes.")]) -> None:
    """Explain codes in words, offline.

    Example: [bold]xinyong uscc 91350100M000100Y43[/bold]
    """
    names = {region.code: region.name for region in load_seed().regions}
    worst = 0
    for code in codes:
        found = check(code)
        out.print("\n".join(explain(found, division_names=names)), soft_wrap=True)
        worst = max(worst, 0 if found.is_key else 1)
    raise typer.Exit(worst)
