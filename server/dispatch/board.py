"""What waits for a worker, and how each choice was made, as the dispatcher and the provider's manager see it."""

from typing import Any

from schemas.dispatch import (
    AskedView,
    ChoiceView,
    DispatchesView,
    DispatchState,
    DispatchView,
    ExplainedView,
    FindDispatches,
)
from server import catalogue, places, staff
from server.cases import Case
from server.config import Settings
from server.dispatch import scoring
from server.dispatch.giving import begin, known
from server.dispatch.scoring import Asked, weigh
from server.dispatch.stored import (
    CHOICES,
    DISPATCHES,
    MODES,
    OFFER_STATES,
    OFFERS,
    REASONS,
    STATES,
    Choice,
    Dispatch,
    Offer,
    Scored,
)
from server.dispatch.work import job_of, waits, work_of
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, NotFound
from server.sessions import Actor
from server.words import clock_time, said

_MOST = 1_000
_HOW = {
    "assign": "人工指派",
    "grab": "抢单",
    "rotate": "轮派",
    "usual": "上次来的师傅",
    "nobody": "没有人可问",
}


class NotDispatched(NotFound):
    """这个办件不用派人"""


class NothingToDispatch(Conflict):
    """这个办件现在不等人接，不用再派"""


class AssignedByHand(Conflict):
    """这项服务由人指派，请直接选一位师傅"""


async def listed(reader: Reader, wanted: FindDispatches, actor: Actor) -> DispatchesView:
    """What waits, the visit that comes first at the top; for a manager their own provider's."""
    where: dict[str, Any] = {"waiting": True, **theirs(actor, wanted.provider_id)}
    if wanted.state is not None:
        where["state"] = wanted.state
    page = await reader.page(DISPATCHES, where, sort="start", cursor=wanted.cursor, limit=wanted.limit)
    return DispatchesView(items=[view(reader, one) for one in page.items], next=page.next)


def theirs(actor: Actor, provider_id: str | None) -> dict[str, Any]:
    """The providers whose work the actor may see, and of these the one asked for."""
    own = providers_of(actor)
    if own is None:
        return {"provider_id": provider_id} if provider_id else {}
    wanted = [one for one in own if provider_id in (None, one)]
    return {"provider_id": {"$in": wanted}}


def providers_of(actor: Actor) -> list[str] | None:
    """Those whose manager the actor is; None for the street, which sees all."""
    if actor.roles & {"dispatcher", "admin"}:
        return None
    return [one.provider_id for one in actor.grants if one.role == "provider" and one.provider_id]


def view(reader: Reader, dispatch: Dispatch) -> DispatchView:
    state: DispatchState = dispatch.state
    text, tone = STATES[state]
    provider = catalogue.provider_of(reader, dispatch.provider_id)
    return DispatchView(
        case_no=dispatch.id,
        title=dispatch.title,
        when=f"{said(dispatch.start)}–{clock_time(dispatch.end)}",
        start=dispatch.start,
        compound=places.name_of(reader, dispatch.compound_id),
        provider_id=dispatch.provider_id,
        provider=provider.name if provider else "",
        mode=dispatch.mode,
        mode_text=MODES[dispatch.mode],
        state=state,
        state_text=text,
        tone=tone,
        sentence=_sentence(reader, dispatch),
        round=dispatch.round,
        open=dispatch.open,
        asked=len(dispatch.asked),
        refused=len(dispatch.refused),
        until=dispatch.until if state == "offering" else None,
        since=dispatch.since,
        worker=_name(reader, dispatch.worker_id),
    )


def _sentence(reader: Reader, dispatch: Dispatch) -> str:
    match dispatch.state:
        case "due":
            return "马上开始问师傅"
        case "offering":
            until = clock_time(dispatch.until)
            return f"第 {dispatch.round} 轮，{dispatch.open} 位师傅可以接，到 {until}"
        case "nobody" if dispatch.asked:
            return f"问过 {len(dispatch.asked)} 位师傅，没有人接，请指派"
        case "nobody":
            return "没有能做的师傅：不在班、有活、缺证件或不会做，请看名单"
        case "by_hand":
            return "这项服务由人指派"
        case "given":
            return f"派给了{_name(reader, dispatch.worker_id)}"
    return "现在不用派人"


def _name(reader: Reader, worker_id: str | None) -> str:
    member = reader.recall(staff.STAFF, worker_id) if worker_id else None
    return member.name if member else worker_id or ""


async def explained(reader: Reader, case: Case) -> ExplainedView:
    """Every round, everybody who was weighed in it, and what each who was asked has answered. Raises NotDispatched."""
    dispatch = await reader.get(DISPATCHES, case.id)
    if dispatch is None:
        raise NotDispatched
    choices = await reader.all(CHOICES, {"_id": {"$gt": f"{case.id}.", "$lt": f"{case.id}/"}}, limit=_MOST)
    offers = await reader.all(OFFERS, {"case_no": case.id}, limit=_MOST, sort="round")
    return ExplainedView(
        dispatch=view(reader, dispatch),
        choices=[_choice(reader, one) for one in choices],
        offers=[_asked(reader, one) for one in offers],
    )


def _choice(reader: Reader, one: Choice) -> ChoiceView:
    return ChoiceView(
        at=one.at,
        how=one.how,
        how_text=_HOW.get(one.how, one.how),
        round=one.round,
        by=_name(reader, one.by.removeprefix("staff:")) if one.by else "",
        note=one.note,
        weights=one.weights,
        items=[scoring.view(row) for row in one.table],
    )


def _asked(reader: Reader, offer: Offer) -> AskedView:
    return AskedView(
        round=offer.round,
        worker_id=offer.worker_id,
        worker=_name(reader, offer.worker_id),
        state=offer.state,
        state_text="等答复" if offer.state == "open" else OFFER_STATES[offer.state],
        score=offer.score,
        offered_at=offer.at,
        expires_at=offer.expires_at,
        answered_at=offer.answered_at,
        reason=REASONS[offer.reason] if offer.reason else "",
        note=offer.note,
    )


async def again(tx: Tx, case: Case) -> Dispatch:
    """Ask once more, from the first round on; who has declined is not asked again.

    Raises NotDispatched, NothingToDispatch, AssignedByHand.
    """
    if work_of(case) is None:
        raise NotDispatched
    if not waits(case) or job_of(case).held_up:
        raise NothingToDispatch
    if (await known(tx, case)).mode == "assign":
        raise AssignedByHand
    await begin(tx, case)
    return await known(tx, case)


async def weighed(reader: Reader, case: Case, rules: Settings) -> list[Scored]:
    """Everybody at the provider as they would be weighed now; nobody for what is no work."""
    if work_of(case) is None:
        return []
    dispatch = await known(reader, case)
    return await weigh(reader, Asked(case, job_of(case), frozenset(dispatch.refused)), rules)
