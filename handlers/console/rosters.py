"""Rosters on a page: a line for each weekday, a line for each day that is otherwise."""

import re
from typing import Any

from handlers.base import allow
from handlers.console.case import read_as
from handlers.page import Goto, Page, Shown
from schemas.rosters import NewRoster, RosterView
from server import rosters
from server.kit.db import Reader, Tx
from server.kit.errors import Forbidden, HoelunError, Invalid
from server.rosters.desk import shifts_text

ROSTERS = "/console/rosters"
WEEK = {f"day{number}": f"周{text}" for number, text in enumerate("一二三四五六日", 1)}
_SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
_CLOSED = "休息"


class BadRosterLine(Invalid):
    """班次请写成 08:00-12:00 14:00-18:00，休息的日子写“休息”"""


class Rosters(Page):
    path = ROSTERS
    under = "/console/providers"

    @allow("provider", "dispatcher", "admin")
    async def get(self) -> Shown:
        """All workers in scope, with the visits that lie outside their shifts."""
        found = await self.building.db.reading(lambda reader: rosters.listed(reader, None, self.actor))
        return Shown("console/rosters.html", {"found": found, "flash": self.flashed()})


class Roster(Page):
    path = ROSTERS + "/{worker_id}"

    @allow("provider", "dispatcher", "admin")
    async def get(self, worker_id: str) -> Shown:
        """One worker's week as a form."""
        view = await self._view(worker_id)
        return _shown(view, _written(view), "")

    @allow("staff")
    async def post(self, worker_id: str, form: dict[str, str]) -> Shown | Goto:
        """Change it; what was given and now lies outside is named."""
        if not self.actor.roles & {"provider", "dispatcher", "admin"}:
            raise Forbidden

        async def changed(tx: Tx) -> RosterView:
            view = await rosters.change(tx, worker_id, read(form), self.actor)
            outside.append(len(view.outside))
            return view

        outside: list[int] = []
        try:
            await self.once(changed)
        except HoelunError as error:
            if error.status not in (409, 422):
                raise
            await self.note_refusal(error)
            return _shown(await self._view(worker_id), form, error.message, error.status)
        lying = f"；有 {outside[-1]} 件已派的活在班外，请看名单" if outside and outside[-1] else ""
        self.flash(f"班表已保存{lying}")
        return Goto(ROSTERS)

    async def _view(self, worker_id: str) -> RosterView:
        async def seen(reader: Reader) -> RosterView:
            return await rosters.view(reader, rosters.find(reader, worker_id, self.actor))

        return await self.building.db.reading(seen)


def _shown(view: RosterView, given: dict[str, str], problem: str, status: int = 200) -> Shown:
    facts = {"roster": view, "given": given, "week": WEEK, "problem": problem}
    return Shown("console/roster.html", facts, status)


def _written(view: RosterView) -> dict[str, str]:
    """The roster as one would write it into the form."""
    week = view.weekly or []
    lines = {
        name: shifts_text([(one[0], one[1]) for one in day]) if day else ""
        for name, day in zip(WEEK, week, strict=False)
    }
    days = "\n".join(f"{one.date} {one.text}" for one in view.days)
    return lines | {"days": days, "home_id": view.home_id or ""}


def read(form: dict[str, str]) -> NewRoster:
    """What was written. Raises BadRosterLine, Invalid."""
    week = [_shifts(form.get(name, ""), name) for name in WEEK]
    days = []
    for line in form.get("days", "").splitlines():
        if line.strip():
            day, _, rest = line.strip().partition(" ")
            days.append({"date": day, "shifts": _shifts(rest, "days")})
    version = form.get("version", "")
    body: dict[str, Any] = {
        "weekly": week if any(week) else None,
        "days": days,
        "home_id": form.get("home_id", "").strip() or None,
        "version": int(version) if version.isdecimal() else 0,
    }
    return read_as(body, NewRoster)


def _shifts(text: str, field: str) -> list[list[int]]:
    words = text.split()
    if words in ([], [_CLOSED]):
        return []
    found = [_SPAN.fullmatch(one) for one in words]
    if not all(found):
        raise BadRosterLine(field=field)
    parts = [[int(one) for one in match.groups()] for match in found if match]
    return [[one[0] * 60 + one[1], one[2] * 60 + one[3]] for one in parts]
