"""From words to a PDF: the template is code of ours, what it shows comes in as data.

The typesetter lets go of the interpreter's lock, so the loop of the worker goes on while it draws. The same sheet gives
the same bytes.
"""

import asyncio
import functools
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import segno

from server.config import Settings
from server.documents.wording import Sheet

if TYPE_CHECKING:
    import typst

_TEMPLATE = Path(__file__).with_name("paper.typ")
_STANDARD: Literal["a-2b"] = "a-2b"
"""PDF/A: what an archive can still open in thirty years, its fonts inside."""


class FontMissing(Exception):
    """Without it the paper would have boxes instead of characters: better none, until it is there."""


def qr(text: str) -> str:
    """As SVG; a quarter of it may be soiled or torn."""
    drawn = BytesIO()
    segno.make(text, error="q", micro=False).save(drawn, kind="svg", border=2)
    return drawn.getvalue().decode()


async def pdf(sheet: Sheet) -> bytes:
    """Raises FontMissing."""
    return await asyncio.to_thread(drawn, sheet)


def drawn(sheet: Sheet) -> bytes:
    return typeset(_TEMPLATE, sheet.plain() | {"qr": qr(sheet.verify)})


async def drawing(template: Path, facts: Mapping[str, Any]) -> bytes:
    """The same of any template. Raises FontMissing."""
    return await asyncio.to_thread(typeset, template, facts)


def typeset(template: Path, facts: Mapping[str, Any]) -> bytes:
    """`facts` are all that the template shows; `font` and `made`, six numbers from the year to the second, are among
    them. Raises FontMissing."""
    problem = font_problem(facts["font"])
    if problem:
        raise FontMissing(problem)
    import typst  # 80 MB of code that only workers need

    year, month, day, hour, minute, second = facts["made"]
    # by its path: of a template given as bytes the typesetter remembers each one for good
    compiler = typst.Compiler(str(template), font_paths=_fonts())
    content = compiler.compile(
        sys_inputs={"facts": json.dumps(facts, ensure_ascii=False)},
        format="pdf",
        pdf_standards=_STANDARD,
        timestamp=datetime(year, month, day, hour, minute, second, tzinfo=UTC),
    )
    assert isinstance(content, bytes)
    return content


def problems(rules: Settings) -> list[str]:
    """For `python -m server check`."""
    problem = font_problem(rules.documents.font)
    return [f"documents: {problem}"] if problem else []


def font_problem(family: str) -> str:
    known = family in _fonts().families()
    if not known:
        _fonts.cache_clear()  # it may be installed while we run
    return "" if known else f"the font {family} is not installed (Debian: apt-get install fonts-noto-cjk)"


@functools.cache
def _fonts() -> "typst.Fonts":
    """What the machine has, read once."""
    import typst

    return typst.Fonts(include_system_fonts=True)
