"""What a driver's days have brought: a week, and back from there week by week."""

from datetime import date, timedelta
from typing import Any

from msgspec import Struct

from handlers.base import allow
from handlers.console.driver import PATH
from handlers.page import Page, Shown
from schemas.drivers import FindEarnings
from server.kit.clock import today
from server.kit.db import Reader
from server.rides import choices

_WEEK = timedelta(days=6)
_FAR = timedelta(days=3650)


class Until(Struct, frozen=True):
    """The last day of the week that is looked at; today without one."""

    to: str = ""


class MyEarnings(Page):
    path = PATH + "/earnings"

    @allow("driver")
    async def get(self, query: Until) -> Shown:
        """Seven days, each with its rides, its kilometres and its money."""
        me = self.actor.id
        facts = await self.building.db.reading(lambda reader: _week(reader, query, me))
        return Shown("console/driver_earnings.html", facts)


async def _week(reader: Reader, look: Until, driver_id: str) -> dict[str, Any]:
    now = today(reader.now)
    last = _last(look.to, now)
    wanted = FindEarnings(from_=last - _WEEK, to=last)
    return {
        "found": await choices.earnings(reader, wanted, driver_id),
        "weekdays": "一二三四五六日",
        "earlier": last - _WEEK - timedelta(days=1),
        "later": min(last + _WEEK + timedelta(days=1), now) if last < now else None,
    }


def _last(text: str, now: date) -> date:
    """What is no day, has not come yet or is long over means today."""
    try:
        given = date.fromisoformat(text)
    except ValueError:
        return now
    return given if now - _FAR <= given <= now else now
