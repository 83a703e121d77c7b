"""Staff: who I am, what the roles may do; and for administrators who everybody is and where they are logged in."""

from handlers.base import Endpoint, allow
from schemas.sessions import SessionsView
from schemas.staff import FindStaff, MembersView, MemberView, RolesView, StaffView
from server import audit, role_views, sessions, staff
from server.kit.db import Reader, Tx
from server.role_changes import StaffNotFound
from server.staff import STAFF

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


class Members(Endpoint):
    path = "/v1/staff-members"

    @allow("admin")
    async def get(self, query: FindStaff) -> MembersView:
        """Everybody who serves, by name."""
        return role_views.members(self.building.db.reader(), query)


class Member(Endpoint):
    path = "/v1/staff-members/{userid}"

    @allow("admin")
    async def get(self, userid: str) -> MemberView:
        """Their roles, with where each comes from."""
        return await self.building.db.reading(lambda reader: role_views.member(reader, userid))


class MemberLogins(Endpoint):
    path = "/v1/staff-members/{userid}/logins"

    @allow("admin")
    async def get(self, userid: str) -> SessionsView:
        """Where they are logged in, the latest first."""
        own = self.actor.session_id

        async def seen(reader: Reader) -> SessionsView:
            await _known(reader, userid)
            return await sessions.listed(reader, "staff", userid, own)

        return await self.building.db.reading(seen)

    @allow("admin")
    async def delete(self, userid: str) -> None:
        """End all their logins."""

        async def ended(tx: Tx) -> None:
            await _known(tx, userid)
            await sessions.close_all(tx, "staff", userid)
            audit.note(tx, self.actor, self.channel, "sessions.end", userid)

        await self.once(ended)


class MemberLogin(Endpoint):
    path = "/v1/staff-members/{userid}/logins/{session_id}"

    @allow("admin")
    async def delete(self, userid: str, session_id: str) -> None:
        """End one of their logins."""

        async def ended(tx: Tx) -> None:
            await sessions.close_one(tx, "staff", userid, session_id)
            audit.note(tx, self.actor, self.channel, "sessions.end", userid)

        await self.once(ended)
        self.building.session_ended(session_id)


async def _known(reader: Reader, userid: str) -> None:
    """Raises StaffNotFound."""
    if await reader.get(STAFF, userid) is None:
        raise StaffNotFound
