"""Setting PDFs from Typst templates: one library for reports and official documents.

The same template, data and instant give the same bytes with the same version of the library, whose fonts are packaged with it:
no font of the machine takes part.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import orjson
import pylopdf_fonts_zh_cn
import typst

_FONTS: Final = typst.Fonts(include_system_fonts=False, font_paths=[str(Path(pylopdf_fonts_zh_cn.sans_path()).parent)])


class Press:
    """Where PDFs are set, two at a time: setting one takes a tenth of a second of a whole core."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(2)

    async def set_pdf(self, template: Path, data: Mapping[str, Any], *, now: datetime) -> bytes:
        """Return the PDF that the template makes of `data`, which it reads as JSON; `now` is the instant it bears."""
        told = orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode()
        async with self._places:
            return await asyncio.to_thread(_compile, template, told, now)


def _compile(template: Path, data: str, now: datetime) -> bytes:
    pdf: bytes = typst.compile(
        str(template), font_paths=_FONTS, format="pdf", sys_inputs={"data": data}, timestamp=int(now.timestamp())
    )
    return pdf


@cache
def set_by(template: Path) -> str:
    """Return what sets a template: the library with its version, and the digest of the template."""
    return f"typst {version('typst')}; {template.name} {sha256(template.read_bytes()).hexdigest()[:16]}"
