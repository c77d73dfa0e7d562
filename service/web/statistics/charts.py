"""Charts as SVG for the inside of a page: the page's stylesheet gives them their colours, light, dark and printed."""

from collections.abc import Sequence
from typing import Final

import svg
from markupsafe import Markup, escape

from service.web.statistics.rules import Series

WIDTH: Final = 860
_HEIGHT: Final = 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 8, 12, 28
_ROW: Final = 30
_NAMES: Final = 250
_LINES: Final = 4
_LABELS: Final = 8


def ceiling(most: int) -> int:
    """Return the end of an axis that `most` fits under: 4 times a number that reads well."""
    step = 1
    while True:
        for unit in (1, 2, 3, 4, 5, 6, 8):
            if unit * step * _LINES >= most:
                return unit * step * _LINES
        step *= 10


def stacked_months(series: Series) -> Markup:
    """Return a bar a month, a colour a value (classes `c0`, `c1`, … in the order of the values); what is hidden is not drawn."""
    sums = [sum(series.of(month, value) or 0 for value in series.values) for month in series.months]
    top = ceiling(max(sums, default=0) or 1)
    height = _HEIGHT - _TOP - _BOTTOM
    width = (WIDTH - _LEFT - _RIGHT) / max(1, len(series.months))
    elements: list[svg.Element] = []
    for line in range(_LINES + 1):
        y = _TOP + height * (1 - line / _LINES)
        elements.append(svg.Line(x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_=["guide"]))
        elements.append(svg.Text(x=_LEFT - 8, y=y + 4, class_=["end"], text=f"{top * line // _LINES:,}"))
    floor = [0.0] * len(series.months)
    for at, value in enumerate(series.values):
        path: list[svg.PathData] = []
        for month, name in enumerate(series.months):
            tall = round(height * (series.of(name, value) or 0) / top, 1)
            if tall:
                left = round(_LEFT + width * (month + 0.15), 1)
                path += [
                    svg.M(left, round(_TOP + height - floor[month], 1)),
                    svg.v(-tall),
                    svg.h(round(width * 0.7, 1)),
                    svg.v(tall),
                    svg.Z(),
                ]
                floor[month] += tall
        elements.append(svg.Path(d=path, class_=[f"c{at}"]))
    every = -(-len(series.months) // _LABELS)
    for month, name in enumerate(series.months):
        if (len(series.months) - 1 - month) % every == 0:
            middle = round(_LEFT + width * (month + 0.5), 1)
            elements.append(svg.Text(x=middle, y=_HEIGHT - 8, class_=["middle"], text=name))
    return _drawn(_HEIGHT, elements)


def bars(rows: Sequence[tuple[str, int]]) -> Markup:
    """Return a bar a row with its number; each row is (name, number)."""
    most = max((number for _, number in rows), default=0) or 1
    room = WIDTH - _NAMES - 90
    elements: list[svg.Element] = []
    for at, (name, number) in enumerate(rows):
        y = at * _ROW
        long = round(room * number / most, 1)
        elements.append(svg.Text(x=_NAMES - 10, y=y + 20, class_=["end"], text=_fitted(name)))
        elements.append(svg.Rect(x=_NAMES, y=y + 5, width=max(long, 1), height=_ROW - 10, class_=["c0"]))
        elements.append(svg.Text(x=_NAMES + long + 8, y=y + 20, class_=["tell"], text=f"{number:,}"))
    return _drawn(_ROW * len(rows), elements)


def _drawn(height: int, elements: list[svg.Element]) -> Markup:
    drawing = svg.SVG(viewBox=svg.ViewBoxSpec(0, 0, WIDTH, height), class_=["chart"], elements=elements)
    return Markup(drawing.as_str())  # noqa: S704 - names are escaped by _fitted, the rest is ours


def _fitted(text: str, *, most: int = 18) -> str:
    return str(escape(text if len(text) <= most else text[: most - 1] + "…"))  # the library takes texts as they are
