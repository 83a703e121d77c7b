"""Workers hear what they are offered; dispatchers and the provider's manager hear when there is nobody left to ask."""

from server import places, staff_push
from server.cases import CASES
from server.dispatch.stored import DISPATCHES, OFFERS, Offer
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.events import Event, on
from server.staff import STAFF
from server.staff_push import Ask, Word
from server.words import said

_MOST = 500


@on("dispatch.offered")
async def tell_workers(tx: Tx, event: Event) -> None:
    where = {"case_no": event.data["case_no"], "round": event.data["round"], "state": "open"}
    for offer in await tx.all(OFFERS, where, limit=_MOST):
        await staff_push.send(tx, event, offer.worker_id, _word(tx, offer))


def _word(reader: Reader, offer: Offer) -> Word:
    """No more than the worker sees before taking it."""
    until = offer.expires_at.astimezone(SHANGHAI)
    where = places.name_of(reader, offer.compound_id)
    first = "轮到您了" if offer.mode == "rotate" else "有活可抢"
    text = f"{said(offer.start)}，{where}，{offer.price_text}。请在 {until:%H:%M} 前接单"
    ask = Ask(card="offer", case_no=offer.case_no, about=offer.id)
    return Word(title=f"{first}：{offer.title}", text=text, page="/console/offers", ask=ask)


@on("dispatch.nobody")
async def tell_dispatchers(tx: Tx, event: Event) -> None:
    dispatch = await tx.get(DISPATCHES, event.data["case_no"])
    if dispatch is None or dispatch.state != "nobody":
        return
    asked = f"问过 {len(dispatch.asked)} 位师傅" if dispatch.asked else "没有能问的师傅"
    text = f"{said(dispatch.start)}，{places.name_of(tx, dispatch.compound_id)}，{asked}，请指派"
    page = f"/console/cases/{dispatch.id}"
    ask = Ask(
        card="nobody", case_no=dispatch.id, version=await _version(tx, dispatch.id), about=str(dispatch.round)
    )
    title = f"没人接单：{dispatch.title}"
    word = Word(title=title, text=text, page=page, case_no=dispatch.id, ask=ask)
    await staff_push.send_all(tx, event, _whoever_assigns(tx, dispatch.provider_id), word)


async def _version(reader: Reader, case_no: str) -> int:
    case = await reader.get(CASES, case_no)
    return case.version if case is not None else 0


def _whoever_assigns(reader: Reader, provider_id: str) -> list[str]:
    return sorted(
        one.id
        for one in reader.everything(STAFF).items.values()
        for grant in one.grants
        if grant.role == "dispatcher" or (grant.role == "provider" and grant.provider_id == provider_id)
    )
