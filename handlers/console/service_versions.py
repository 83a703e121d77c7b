"""One version of a service: what it changes, who is touched, and the answer of the street."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from handlers.base import allow
from handlers.console.case import read_as
from handlers.console.services import SEES, SHOWN, Done, Refused, address, plain
from handlers.page import Goto, Page, Shown
from schemas.service_versions import ReturnServiceVersion
from server import catalogue, service_versions
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.sessions import Actor


async def version_picture(
    reader: Reader, service_id: str, number: str, actor: Actor, refused: Refused
) -> dict[str, Any]:
    """Raises ServiceVersionNotFound."""
    which = service_versions.number_of(number)
    found = await service_versions.one_view(reader, service_id, which, actor)
    return {
        "one": found.version,
        "changes": found.changes,
        "touched": found.touched,
        "price": found.price_text,
        "there": reader.recall(catalogue.SERVICES, service_id) is not None,
        "refused": refused,
    }


class OneVersion(Page):
    path = "/console/services/{service_id}/versions/{number}"

    @allow(*SEES)
    async def get(self, service_id: str, number: str) -> Shown:
        """What it changes, who is touched, and what may be done with it."""
        facts = await self.building.db.reading(
            lambda reader: version_picture(reader, service_id, number, self.actor, Refused())
        )
        return Shown("console/service_version.html", facts | {"flash": self.flashed()})


Deed = Callable[[Page, Tx, str, int, dict[str, str]], Awaitable[Done]]


async def _publish(page: Page, tx: Tx, service_id: str, number: int, form: dict[str, str]) -> Done:
    made = await service_versions.publish(tx, service_id, number, page.actor)
    text = f"{made.valid_from} 起生效" if made.valid_from else "已生效，居民现在就能看到"
    return Done(text, address(service_id, number))


async def _return(page: Page, tx: Tx, service_id: str, number: int, form: dict[str, str]) -> Done:
    reason = read_as({"reason": form.get("reason", "").strip()}, ReturnServiceVersion).reason
    await service_versions.return_(tx, service_id, number, reason, page.actor)
    return Done("已退回，写的人会收到通知", address(service_id, number))


async def _withdraw(page: Page, tx: Tx, service_id: str, number: int, form: dict[str, str]) -> Done:
    await service_versions.withdraw(tx, service_id, number, page.actor)
    return Done("已撤回", address(service_id, number))


DEEDS: dict[str, Deed] = {"publish": _publish, "return": _return, "withdraw": _withdraw}


class Answer(Page):
    path = "/console/services/{service_id}/versions/{number}/{action}"

    @allow(*SEES)
    async def get(self, service_id: str, number: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(address(service_id, service_versions.number_of(number)))

    @allow(*SEES)
    async def post(self, service_id: str, number: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Publish, hand back, take back; sent twice it is done once."""
        deed, which = DEEDS.get(action), service_versions.number_of(number)
        street = bool(self.actor.roles & service_versions.STREET)
        if deed is None or not (street or action == "withdraw"):
            raise service_versions.ServiceVersionNotFound
        try:
            answer = await self.once(
                lambda tx: deed(self, tx, service_id, which, form), lanes=[f"service {service_id}"]
            )
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused(action, plain(error), form)
            facts = await self.building.db.reading(
                lambda reader: version_picture(reader, service_id, number, self.actor, refused)
            )
            return Shown("console/service_version.html", facts | {"flash": ""}, error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(done.url)
