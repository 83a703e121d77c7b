"""Documents 文书: the receipts and decisions of a case as PDF, and what their QR codes lead to.

Approvals tell what happens by their moves; the worker numbers the papers (`issuing`), draws them (`making`) and seals
what is archived (`archive`). Nothing here changes a case.
"""

import asyncio

from server.config import Settings
from server.documents import archive, drawing, slips
from server.documents.stored import (
    CONTENTS,
    DOCUMENTS,
    ROOM,
    Document,
    DocumentNotFound,
    find,
    listed,
    of_case,
    reached,
    view,
)
from server.documents.verifying import DocumentUnknown, Verified, verify
from server.kit.db import Reader


async def problems(reader: Reader, rules: Settings) -> list[str]:
    """For `python -m server check`: is the font there, and are the cases that were archived last as they were?"""
    found = await asyncio.to_thread(drawing.problems, rules)
    if not reached(rules):
        found.append("documents: public_url is not set, so the QR codes of papers would lead nowhere")
    return [*found, *await archive.differences(reader, rules)]


__all__ = [
    "CONTENTS",
    "DOCUMENTS",
    "ROOM",
    "Document",
    "DocumentNotFound",
    "DocumentUnknown",
    "Verified",
    "find",
    "listed",
    "of_case",
    "problems",
    "slips",
    "verify",
    "view",
]
