"""What the staff did, for the administrator."""

from handlers.base import Endpoint, allow
from schemas.audit import AuditView, FindAudit
from server import audit

TITLE = "操作记录"


class Audit(Endpoint):
    path = "/v1/audit"

    @allow("admin")
    async def get(self, query: FindAudit) -> AuditView:
        """Who did, or looked at, what; newest first. Looking it up is written down, too."""
        found = await self.building.db.reading(lambda reader: audit.find(reader, query))
        await self.saw("audit.get", query.actor, query.subject)
        return found
