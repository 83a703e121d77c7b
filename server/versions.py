"""Rules that change by version: written by one, approved by another, in force from a midnight on, never changed after.

A noun declares what a version of its rules says, and which one counts while nobody has written any:

    class Tariff(Version, kw_only=True):
        body: NewTariff

    VERSIONS = Versions(Collection("tariffs", Tariff, whole=True), "tariff", {"ride": before_all(Tariff, "ride", …)})

Several series of the same rules, such as those of trains and of planes, are numbered and answered apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any, Generic, TypeVar

from msgspec import Meta
from msgspec.structs import replace

from schemas.versions import NewVersion, VersionState, VersionView
from server import audit, staff
from server.kit.clock import today
from server.kit.db import Collection, Duplicate, Reader, Stored, Tx
from server.kit.errors import Conflict, Forbidden, NotFound
from server.sessions import Actor

_STATES: dict[VersionState, str] = {"draft": "待审核", "returned": "已退回", "approved": "已批准"}
_FIRST = 1
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_MOST_DIGITS = 6


class VersionNotFound(NotFound):
    """没有这一版"""


class RulesStartTooSoon(Conflict):
    """生效日期要在明天或以后，当天的规则不能变"""


class RulesAnswered(Conflict):
    """这一版已经审过了，请刷新后再看"""


class OwnVersion(Forbidden):
    """自己写的要由另一位同事审核"""


class VersionOfAnother(Forbidden):
    """只有写的人自己能撤回"""


class VersionsAtOnce(Conflict):
    """刚刚有人也交了一版，请刷新后再交"""


class Version(Stored, kw_only=True):
    """`body` is what a noun says it is; `id` is series and number."""

    series: str
    number: Annotated[int, Meta(ge=1)]
    state: VersionState
    body: Any
    author_id: str = ""
    author: str = ""
    created_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    returned_by: str = ""
    reason: str = ""


V = TypeVar("V", bound=Version)


def before_all(kind: type[V], series: str, body: NewVersion) -> V:
    """What counts until somebody has written a version: number 1, which has no document."""
    return kind(
        id=_id(series, _FIRST),
        series=series,
        number=_FIRST,
        state="approved",
        body=body,
        created_at=_LONG_AGO,
    )


@dataclass(frozen=True, slots=True)
class Versions(Generic[V]):
    """`kept` is whole in memory; acts are written down as `word`.draft, .approve, .return and .withdraw."""

    kept: Collection[V]
    word: str
    first: Mapping[str, V]

    def in_force(self, reader: Reader, series: str, at: datetime, without: V | None = None) -> V:
        """The version that counts at that time; that would, were there not the one `without`."""
        day = today(at)
        found = (one for one in self.all(reader, series) if one.state == "approved")
        begun = [one for one in found if one.number == _FIRST or one.body.valid_from <= day]
        return max(
            (one for one in begun if without is None or one.number != without.number),
            key=lambda one: (one.number != _FIRST, one.body.valid_from, one.number),
            default=self.first[series],
        )

    def all(self, reader: Reader, series: str) -> list[V]:
        """The newest first; the last is what counted before all of them."""
        found = (one for one in reader.everything(self.kept).items.values() if one.series == series)
        return [*sorted(found, key=lambda one: -one.number), self.first[series]]

    async def find(self, reader: Reader, series: str, number: str) -> V:
        """`number` as it stands in an address. Raises VersionNotFound."""
        if series not in self.first or not (number.isascii() and number.isdigit()):
            raise VersionNotFound
        if len(number) > _MOST_DIGITS:
            raise VersionNotFound
        found = await reader.get(self.kept, _id(series, int(number)))
        if found is not None:
            return found
        if int(number) != _FIRST:
            raise VersionNotFound
        return self.first[series]

    async def draft(self, tx: Tx, series: str, body: NewVersion, actor: Actor) -> V:
        """Raises VersionNotFound, RulesStartTooSoon, VersionsAtOnce."""
        if series not in self.first:
            raise VersionNotFound
        if body.valid_from <= today(tx.now):
            raise RulesStartTooSoon(field="valid_from")
        known = await tx.all(self.kept, {"series": series}, limit=1, sort="-_id")
        number = (known[0].number if known else _FIRST) + 1
        made = self.kept.stored(
            id=_id(series, number),
            series=series,
            number=number,
            state="draft",
            body=body,
            author_id=actor.id,
            author=actor.name,
            created_at=tx.now,
        )
        try:
            await tx.insert(self.kept, made)
        except Duplicate as error:
            raise VersionsAtOnce from error
        audit.note(tx, actor, "console", f"{self.word}.draft", made.id)
        return made

    async def approve(self, tx: Tx, series: str, number: str, actor: Actor) -> V:
        """Raises VersionNotFound, RulesAnswered, OwnVersion, RulesStartTooSoon."""
        made = await self._draft(tx, series, number)
        if made.author_id == actor.id:
            raise OwnVersion
        if made.body.valid_from <= today(tx.now):
            raise RulesStartTooSoon
        audit.note(tx, actor, "console", f"{self.word}.approve", made.id)
        return await self._answered(
            tx, replace(made, state="approved", approved_by=actor.id, approved_at=tx.now)
        )

    async def return_(self, tx: Tx, series: str, number: str, reason: str, actor: Actor) -> V:
        """Raises VersionNotFound, RulesAnswered, OwnVersion."""
        made = await self._draft(tx, series, number)
        if made.author_id == actor.id:
            raise OwnVersion
        audit.note(tx, actor, "console", f"{self.word}.return", made.id)
        return await self._answered(tx, replace(made, state="returned", returned_by=actor.id, reason=reason))

    async def withdraw(self, tx: Tx, series: str, number: str, actor: Actor) -> V:
        """Who has written it takes it back. Raises VersionNotFound, RulesAnswered, VersionOfAnother."""
        made = await self._draft(tx, series, number)
        if made.author_id != actor.id:
            raise VersionOfAnother
        audit.note(tx, actor, "console", f"{self.word}.withdraw", made.id)
        taken = replace(made, state="returned", returned_by=actor.id, reason="写的人撤回了")
        return await self._answered(tx, taken)

    async def _draft(self, tx: Tx, series: str, number: str) -> V:
        made = await self.find(tx, series, number)
        if made.state != "draft":
            raise RulesAnswered
        return made

    async def _answered(self, tx: Tx, made: V) -> V:
        if not await tx.replace(self.kept, made, {"_id": made.id, "state": "draft"}):
            raise RulesAnswered
        return made

    def view(self, reader: Reader, one: V, actor: Actor) -> VersionView:
        first = one.number == _FIRST
        return VersionView(
            number=one.number,
            state=one.state,
            state_text="最初的" if first else _state_text(one, today(reader.now)),
            in_force=self.in_force(reader, one.series, reader.now).number == one.number,
            valid_from=one.body.valid_from,
            note=one.body.note,
            author=one.author,
            created_at=None if first else one.created_at,
            approved_by=staff.name_of(reader, one.approved_by) if one.approved_by else "",
            approved_at=one.approved_at,
            reason=one.reason,
            actions=_actions(one, actor),
        )


def _id(series: str, number: int) -> str:
    return f"{series}-{number:06d}"


def _actions(one: Version, actor: Actor) -> list[str]:
    """Who has written it takes it back, the others answer."""
    if one.state != "draft":
        return []
    return ["withdraw"] if one.author_id == actor.id else ["approve", "return"]


def _state_text(one: Version, day: date) -> str:
    coming = one.state == "approved" and one.body.valid_from > day
    return f"{one.body.valid_from:%Y-%m-%d} 起生效" if coming else _STATES[one.state]
