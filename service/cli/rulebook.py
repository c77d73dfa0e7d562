"""`xinyong rules`."""

from datetime import date, datetime
from typing import Annotated

import typer

from service.catalog.seed import load_seed
from service.cli.terminal import out
from service.rulebook.load import load_rulebook
from service.rulebook.rules import PenaltyFacts
from service.rulebook.windows import penalty_windows

app = typer.Typer(help="The rulebook: dated legal periods with citation and grade.", no_args_is_help=True)


@app.callback()
def rulebook() -> None:
    """Keep `rules` a group, so that further commands can join `explain`."""


@app.command("explain")
def rules_explain(
    decided: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of the decision.")],
    kinds: Annotated[str, typer.Option(help="Kinds of penalty, joined by commas: fine, warning, stop_business …")],
    fine_yuan: Annotated[float | None, typer.Option(help="Amount of the fine in yuan.")] = None,
    province: Annotated[str | None, typer.Option(help="First two digits of the authority's division code.")] = None,
    published: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of publication.")] = None,
    system: Annotated[
        str, typer.Option(help="The authority's system: market_regulation, environment …")
    ] = "market_regulation",
) -> None:
    """Say from when to when a penalty is shown on each channel, by which row and how well it is known. Offline.

    Example: [bold]xinyong rules explain --decided 2026-03-30 --kinds fine --fine-yuan 5000 --province 42[/bold]
    """
    seed = load_seed()
    rulebook = load_rulebook(
        (rule.body for rule in seed.rules if rule.kind == "period"),
        (rule.body for rule in seed.rules if rule.kind == "parameter"),
    )
    published_on: date | None = published.date() if published else None
    facts = PenaltyFacts(
        authority_system=system,
        procedure="ordinary",
        kinds=frozenset(kinds.split(",")),
        fine_fen=round(fine_yuan * 100) if fine_yuan is not None else None,
        confiscation_fen=None,
        field=None,
        party_type="organization",
        province=province,
        decided_on=decided.date(),
        published_on=published_on,
    )
    windows = penalty_windows(rulebook, facts, published_on or decided.date())
    rows = {rule.id: rule for rule in rulebook.rules}
    out.print(f"tier {windows.tier.value}: {windows.tier_basis}")
    for window in (windows.gsxt, windows.credit_china, windows.public):
        rule = rows.get(window.rule_id or "")
        words = (
            f"not shown ({window.reason})"
            if window.reason
            else f"{window.starts_on} to {window.ends_on or 'removed'}, both days shown"
        )
        cited = f"; {rule.id} {rule.citation}, {rule.grade.value}" if rule else ""
        out.print(f"{window.channel.value:<13} {words}{cited}", soft_wrap=True)
        if window.flags:
            out.print(f"{'':<13} flags: {', '.join(window.flags)}", style="dim")
