"""Staff: who I am, what the roles may do."""

from handlers.base import Endpoint, allow
from schemas.staff import RolesView, StaffView
from server import staff

TITLE = "工作人员"


class StaffMe(Endpoint):
    path = "/v1/staff/me"

    @allow("staff")
    async def get(self) -> StaffView:
        """My name and roles."""
        return staff.view(staff.find(self.building.db.reader(), self.actor.id))


class Roles(Endpoint):
    path = "/v1/staff/roles"

    @allow("staff")
    async def get(self) -> RolesView:
        """The table of roles and what each may do."""
        return RolesView(items=staff.view_roles())
