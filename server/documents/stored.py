"""What is stored of a document."""

from schemas.approvals import PaperShown
from server.kit.db import Reader


async def of_case(reader: Reader, case_no: str) -> list[PaperShown]:
    """The documents of a case that can be opened, oldest first."""
    return []
