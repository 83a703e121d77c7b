"""A card that WeCom has taken while the worker that sent it is killed before it hears so."""

import asyncio
from typing import Any

from msgspec import Struct

from schemas.staff import Grant
from server.cards import UPDATES
from server.demo import company
from server.demo import street as made_up
from server.kit.db import MOMENT
from server.kit.events import EVENTS
from server.staff import STAFF, Staff
from server.staff_push import NOTICES, WorkNotice
from tests.faults.proofs import known
from tests.faults.street import Street, Told, wish

_SEND = "/cgi-bin/message/send"
_HELD_MS = 2_500
"""So long WeCom's answer is on its way: shorter than a worker waits for it, longer than it takes to kill one."""


class Killed(Struct):
    """What the first member has on the telephone in the end: `cards` with buttons that were sent, `lines` that were
    written to them, and what stands on the card after they have tapped it."""

    sent_before: str
    cards: int
    lines: list[str]
    tapped: str


async def killed_between(street: Street, name: str, *, meanwhile: bool) -> Killed:
    """The worker is killed while it waits for WeCom's answer. The second member confirms the booking `meanwhile`, or
    when the next worker has done what was left; at last the first one taps the card."""
    first, second = await _members(street)
    boss, resident = await _signed_in(street, second), await street.resident(f"{name}-resident")
    service_id = await street.service(name, capacity=3)
    await known(street, resident, service_id)
    held = {"path": _SEND, "after": True, "delay_ms": _HELD_MS, "times": 2}
    assert (await _control(street, "POST", "faults", held)).status == 200
    body = wish(service_id, street.start(10))
    booked = await street.insist("POST", "/v1/bookings", body, token=resident, key=name)
    case_no = str(booked.body["case_no"])
    while not await _arrived(street, first, case_no):
        await asyncio.sleep(0.02)
    before = (await _notice(street, first, case_no)).delivery
    await street.kill("worker")
    if meanwhile:
        await _confirm(street, boss, case_no, name)
    await _quiet(street)
    if not meanwhile:
        await _confirm(street, boss, case_no, name)
        await _quiet(street)
    cards, lines = await _read(street, first, case_no)
    await _tap(street, first, case_no)
    await _quiet(street)
    [card] = await _arrived(street, first, case_no)
    return Killed(before, cards, lines, str(card["card"]["main_title"]["desc"]))


async def _members(street: Street) -> tuple[str, str]:
    """Two whom the stand-in for WeCom knows, and who answer for the provider."""
    first, second = (one.userid for one in company.members(made_up.read())[:2])
    grant = Grant(role="provider", provider_id="provider-faults")

    async def put(tx: Any) -> None:
        for userid, name in ((first, "王芳"), (second, "赵敏")):
            await tx.put(STAFF, Staff(id=userid, name=name, grants=[grant]))

    await street.house.db.alone(put)
    return first, second


async def _signed_in(street: Street, userid: str) -> str:
    """As soon as the process that is asked knows them."""
    while True:
        code = (await _control(street, "POST", "wecom-codes", {"userid": userid})).body["code"]
        session = await street.ask("POST", "/v1/staff-sessions", {"code": code})
        if session.status == 201:
            return str(session.body["token"])
        await asyncio.sleep(0.05)


async def _confirm(street: Street, token: str, case_no: str, key: str) -> None:
    told = await street.insist("POST", f"/v1/cases/{case_no}/confirm", {}, token=token, key=f"{key}-confirm")
    assert told.status == 200, told


async def _tap(street: Street, userid: str, case_no: str) -> None:
    notice = await _notice(street, userid, case_no)
    assert notice.card is not None
    tap = {"userid": userid, "task_id": notice.card.task_id, "key": "confirm", "selected": {}}
    told = await _control(street, "POST", "taps", tap)
    assert told.body["status"] == 200, told


async def _notice(street: Street, userid: str, case_no: str) -> WorkNotice:
    where = {"userid": userid, "card.case_no": case_no}
    [found] = await street.house.db.reading(lambda reader: reader.all(NOTICES, where, limit=2))
    return found


async def _messages(street: Street, userid: str, case_no: str) -> list[dict[str, Any]]:
    told = await _control(street, "GET", f"messages?userid={userid}")
    about = (one for one in told.body["items"] if case_no in str(one))
    return list(about)


async def _arrived(street: Street, userid: str, case_no: str) -> list[dict[str, Any]]:
    """The cards about that case on the member's telephone."""
    return [one for one in await _messages(street, userid, case_no) if one["msgtype"] == "template_card"]


async def _read(street: Street, userid: str, case_no: str) -> tuple[int, list[str]]:
    cards = await _arrived(street, userid, case_no)
    lines = [one for one in await _messages(street, userid, case_no) if one["msgtype"] != "template_card"]
    return len(cards), ["".join(one["lines"]) for one in lines]


async def _quiet(street: Street) -> None:
    """Until no worker has anything left to tell the staff."""
    due = {"due_at": MOMENT}
    async with asyncio.timeout(60):
        while True:
            left = [
                await street.house.db.reading(lambda reader, one=one: reader.count(one, due))  # type: ignore[misc]
                for one in (EVENTS, NOTICES, UPDATES)
            ]
            if not any(left):
                return
            await asyncio.sleep(0.1)


async def _control(street: Street, method: str, name: str, body: Any = None) -> Told:
    return await street.ask(method, f"/_control/{name}", body, base=street.sandbox_url)
