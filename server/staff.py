"""Those who serve, and the table of what each role may do."""

from datetime import datetime

from msgspec import Struct

from schemas.staff import FindStaff, Grant, Role, RoleView, StaffView
from server.kit.db import Collection, Index, Page, Reader, Stored
from server.kit.db.pages import decode_cursor, encode_cursor
from server.kit.errors import Forbidden


class NotStaff(Forbidden):
    """您的企业微信账号还没有开通工作台，请联系管理员"""


class Staff(Stored, kw_only=True):
    """`id` is the WeCom userid. Workers name the categories they can serve.

    `grants` is what counts: what was `given` by hand, and what is `mapped` from the `departments` and `tags` that
    WeCom's directory has for them (server/roles.py). `heard_at` is the time of the directory's last word on them.
    """

    name: str
    grants: list[Grant]
    phone: str = ""
    skills: list[str] = []
    active: bool = True
    given: list[Grant] = []
    mapped: list[Grant] = []
    departments: list[int] = []
    tags: list[int] = []
    heard_at: datetime | None = None
    left_at: datetime | None = None

    def __post_init__(self) -> None:
        """Who was entered before there was a table has everything by hand."""
        if not self.given and not self.mapped:
            self.given = list(self.grants)

    def has(self, given: list[Grant], mapped: list[Grant]) -> None:
        """These are their roles from now on."""
        self.given, self.mapped = given, mapped
        self.grants = [*given, *(one for one in mapped if one not in given)]

    def is_(self, role: Role) -> bool:
        return self.active and any(one.role == role for one in self.grants)


STAFF: Collection[Staff] = Collection(
    "staff", Staff, Index(("grants.provider_id",)), Index(("grants.role",)), whole=True
)


class RoleRow(Struct, frozen=True):
    """`scope` is what a grant of this role must name."""

    name: Role
    text: str
    scope: str
    may: str


ROLES: tuple[RoleRow, ...] = (
    RoleRow("operator", "话务员", "street", "替来电居民预约、查询、取消任何办件；给全街道发公告"),
    RoleRow("clerk", "社区窗口", "community", "替到窗口的居民办理本社区的办件；给本社区发公告"),
    RoleRow("reviewer", "街道审核", "street", "审核审批事项，查看全街道办件"),
    RoleRow("dispatcher", "调度员", "street", "确认、派单、处理超时和争议"),
    RoleRow("provider", "服务商负责人", "provider", "答复本商家的预约，派给自己的人员"),
    RoleRow("worker", "服务人员", "provider", "做派给自己的活：出发、开始、完成"),
    RoleRow("driver", "司机", "provider", "接送派给自己的乘客"),
    RoleRow("elder_team", "老年服务队", "compound", "查看本小区的办件"),
    RoleRow("accountant", "会计", "street", "查看账目与结算"),
    RoleRow("admin", "管理员", "street", "查看全部办件，管理人员与设置，给全街道发公告"),
)
ROLE_ROWS: dict[str, RoleRow] = {row.name: row for row in ROLES}
ROLE_TEXTS: dict[str, str] = {row.name: row.text for row in ROLES}
STREET_WIDE: frozenset[str] = frozenset(row.name for row in ROLES if row.scope == "street") - {"accountant"}


def find(reader: Reader, userid: str) -> Staff:
    """An active member of the staff. Raises NotStaff."""
    staff = reader.recall(STAFF, userid)
    if staff is None or not staff.active:
        raise NotStaff
    return staff


def administrators(reader: Reader) -> list[Staff]:
    """Who can change roles, by id."""
    everybody = reader.everything(STAFF).items.values()
    return sorted((one for one in everybody if one.is_("admin")), key=lambda one: one.id)


def name_of(reader: Reader, userid: str) -> str:
    member = reader.recall(STAFF, userid)
    return member.name if member else userid


def workers_of(reader: Reader, provider_id: str, category: str) -> list[Staff]:
    """The active workers of a provider that serve this category, by name."""
    return sorted(
        (one for one in reader.everything(STAFF).items.values() if serves(one, provider_id, category)),
        key=lambda one: one.name,
    )


def serves(staff: Staff, provider_id: str, category: str) -> bool:
    works_there = any(one.role == "worker" and one.provider_id == provider_id for one in staff.grants)
    return staff.active and works_there and category in staff.skills


def listed(reader: Reader, wanted: FindStaff) -> Page[Staff]:
    """By name, out of memory. Raises BadCursor."""
    found = [one for one in reader.everything(STAFF).items.values() if _matches(one, wanted)]
    behind = decode_cursor(wanted.cursor) if wanted.cursor else ("", "")
    ordered = sorted((one.name, one.id) for one in found)
    rest = [item_id for name, item_id in ordered if (name, item_id) > (str(behind[0]), behind[1])]
    by_id = {one.id: one for one in found}
    shown = [by_id[one] for one in rest[: wanted.limit]]
    following = encode_cursor(shown[-1].name, shown[-1].id) if len(rest) > wanted.limit else None
    return Page(shown, following)


def _matches(one: Staff, wanted: FindStaff) -> bool:
    q = wanted.q.strip().lower()
    told = q in one.name.lower() or q in one.id.lower() or bool(q and one.phone.endswith(q))
    fits = any(
        wanted.role in (None, grant.role) and wanted.provider_id in (None, grant.provider_id)
        for grant in one.grants
    )
    anything = wanted.role is None and wanted.provider_id is None
    return told and (fits or anything) and wanted.active in (None, one.active)


def view(staff: Staff) -> StaffView:
    return StaffView(id=staff.id, name=staff.name, grants=staff.grants)


def view_roles() -> list[RoleView]:
    return [RoleView(name=row.name, text=row.text, scope=row.scope, may=row.may) for row in ROLES]
