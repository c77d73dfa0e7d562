"""`xinyong rules`."""

from datetime import date, datetime
from typing import Annotated

import typer

from service.catalog.rules import Catalog
from service.catalog.seed import load_seed
from service.cli.terminal import out
from service.rulebook.deadlines import RecordedPenalty
from service.rulebook.explanation import PenaltyExplained, WindowExplained, explain_penalty
from service.rulebook.rules import PenaltyFacts
from service.working_days.rules import Rest, due_day

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
    party_province: Annotated[
        str | None, typer.Option(help="First two digits of the party's division code; none: the authority's province.")
    ] = None,
    field: Annotated[
        str | None, typer.Option(help="food, drugs, special_equipment, work_safety or fire, where it is one of these.")
    ] = None,
    summary: Annotated[
        bool, typer.Option("--summary", help="Decided by summary procedure; else the ordinary one is assumed.")
    ] = False,
    chinese: Annotated[bool, typer.Option("--chinese", help="Say it in Chinese.")] = False,
) -> None:
    """Say from when to when a penalty is shown on each channel and why, and what is due by when. Offline.

    Example: [bold]xinyong rules explain --decided 2026-03-30 --kinds fine --fine-yuan 5000 --province 42[/bold]
    """
    seed = load_seed()
    catalog = Catalog(0, (), (), (), (), seed.rules, seed.years)
    published_on: date | None = published.date() if published else None
    facts = PenaltyFacts(
        authority_system=system,
        procedure="summary" if summary else "ordinary",
        kinds=frozenset(kinds.split(",")),
        fine_fen=round(fine_yuan * 100) if fine_yuan is not None else None,
        confiscation_fen=None,
        field=field,
        party_type="organization",
        province=province,
        decided_on=decided.date(),
        published_on=published_on,
    )
    found = explain_penalty(catalog.rulebook, facts, published_on or decided.date())
    _print_windows(found, chinese=chinese)
    _print_deadlines(catalog, facts, party_province or province, chinese=chinese)


def _print_windows(found: PenaltyExplained, *, chinese: bool) -> None:
    tier = found.tier.words.zh if chinese else found.tier.words.en
    label = "失信程度" if chinese else "tier"
    out.print(f"{label}: {tier}" + ("" if chinese else f": {found.windows.tier_basis}"), soft_wrap=True)
    for channel in found.channels:
        out.print(
            f"{channel.window.channel.value:<13} {channel.words.zh if chinese else channel.words.en}", soft_wrap=True
        )
        _print_clocks(channel, chinese=chinese)
        for flag in channel.flags:
            out.print(f"{'':<13} · {flag.words.zh if chinese else flag.words.en}", style="dim", soft_wrap=True)


def _print_clocks(channel: WindowExplained, *, chinese: bool) -> None:
    rule, other = channel.rule, channel.other_clock
    if rule is None:
        return
    words = f"{rule.id}, {rule.effective_from} – {rule.effective_to or '…'}"
    if other is not None and other.ends_on is not None and channel.window.reason is None:
        event = {"publication_date": ("publication", "公示之日"), "decision_date": ("the decision", "决定之日")}[
            other.event
        ]
        counted = f"; counted from {event[0]} ({other.day}) it would end on {other.ends_on}"
        words += f"；若自{event[1]}（{other.day}）起算，则至 {other.ends_on}" if chinese else counted
    out.print(f"{'':<13} {words}", style="dim", soft_wrap=True)


def _print_deadlines(catalog: Catalog, facts: PenaltyFacts, party_province: str | None, *, chinese: bool) -> None:
    penalty = RecordedPenalty(
        facts.authority_system,
        facts.province or "",
        party_province if facts.province else None,
        facts.procedure,
        facts.kinds,
        facts.decided_on,
    )
    for rule in catalog.deadlines.duties(penalty):
        if rule.limit is None or facts.decided_on is None:
            continue
        due = due_day(facts.decided_on, rule.limit, catalog.calendar)
        event = rule.event_zh or rule.event if chinese else rule.event
        doubt = "" if not due.provisional else "（暂定）" if chinese else " (provisional: no calendar yet)"
        out.print(f"{rule.deadline:<13} {due.on}{doubt}  {event}; {rule.citation}, {rule.grade.value}", soft_wrap=True)
        out.print(f"{'':<13} {_say_skipped(due.skipped, chinese=chinese)}", style="dim", soft_wrap=True)


def _say_skipped(skipped: tuple[Rest, ...], *, chinese: bool) -> str:
    days = ", ".join(f"{rest.day:%m-%d}" + (f" {rest.holiday}" if rest.holiday else "") for rest in skipped)
    return f"不计入：{days or '无'}" if chinese else f"not counted: {days or 'none'}"
