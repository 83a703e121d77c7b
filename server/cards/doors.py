"""The doors through which taps go: the calls that the API makes for the same acts, with the same checks."""

from typing import cast

from schemas.clocks import AllowExtension, RefuseExtension
from schemas.dispatch import DeclineOffer, DeclineReason
from server import cases, clocks, dispatch
from server.cards.kinds import CardKind, Door, First, Look, Tap
from server.cases import Case
from server.config import Settings
from server.dispatch import DISPATCHES, OFFERS, offers
from server.dispatch.work import job_of, waits, work_of
from server.kit.db import Reader, Tx
from server.kit.errors import Forbidden
from server.kit.events import EVENTS, Event, event_id
from server.kit.flow import Flow
from server.sessions import Actor
from server.staff import STAFF
from server.staff_push import Card

NOTHING: frozenset[str] = frozenset()
_MOST = 50
_SIDE = frozenset({"provider", "dispatcher"})
_CHANGES_WHAT_IS_WRITTEN = frozenset({"reschedule", "transfer"})


def written(case: Case) -> str:
    """What a card says of the case and whoever taps it agrees to: the time of the work, where it is work."""
    return job_of(case).start.isoformat() if work_of(case) is not None else ""


# A move of the case's own flow.


async def _move_open(look: Look, card: Card, actor: Actor) -> frozenset[str]:
    return look.actions(actor) if _as_written(look.case, card) else NOTHING


def _as_written(case: Case, card: Card) -> bool:
    return not card.about or card.about == written(case)


async def _move(tx: Tx, tap: Tap, rules: Settings) -> None:
    """Raises VersionConflict where the card says another time than the case has now, and what the move raises."""
    case = await cases.find(tx, tap.card.case_no, tap.actor)
    if not _as_written(case, tap.card):
        raise cases.VersionConflict
    form = {"reason": tap.reason} if tap.reason else {}
    await cases.move(tx, case.id, tap.action, form, tap.actor, "wecom", rules)


async def _moved_by(look: Look, card: Card, kind: CardKind) -> First | None:
    """The first step since the card after which none of its buttons was left."""
    flow = cases.kind_of(look.case).flow
    actions = {one.action for one in kind.buttons}

    def decides(step: Event) -> bool:
        left = {row.action for row in flow.rows if row.source == step.data["target"]} & actions
        changes = bool(card.about) and step.data["action"] in _CHANGES_WHAT_IS_WRITTEN
        return step.data["action"] in actions or changes or not left or "workers" in step.data

    step = next((one for one in await _since(look.reader, card) if decides(one)), None)
    if step is None:
        return None
    return _first(step, _done(step, kind, flow))


def _done(step: Event, kind: CardKind, flow: Flow) -> str:
    """What it was, to complete “已由 王芳 ……”."""
    button, action = kind.button(step.data["action"]), flow.actions.get(step.data["action"])
    if button is not None:
        return button.done
    workers = step.data.get("workers", {})
    if workers.get("before") and workers.get("after"):
        return "改派别人"
    return action.text if action is not None else str(step.data["text"])


async def _since(reader: Reader, card: Card) -> list[Event]:
    """The steps of the case after the one that the card was sent for."""
    since = {"_id": {"$gt": event_id(card.case_no, card.version), "$lt": f"{card.case_no}/"}}
    return await reader.all(EVENTS, since, limit=_MOST)


def _first(step: Event, done: str) -> First:
    return First(step.by["kind"], step.by["id"], step.by["name"], done)


MOVE = Door(_move_open, _move, _moved_by)


# An offer of work, and its answer.


async def _offer_open(look: Look, card: Card, actor: Actor) -> frozenset[str]:
    offer = await look.reader.get(OFFERS, card.about)
    if offer is None or offer.worker_id != actor.id or "worker" not in actor.roles:
        return NOTHING
    over = offer.state != "open" or offer.expires_at <= look.reader.now
    if over or not waits(look.case) or job_of(look.case).start != offer.start:
        return NOTHING
    return frozenset({"take", "decline"})


async def _answer_offer(tx: Tx, tap: Tap, rules: Settings) -> None:
    if "worker" not in tap.actor.roles:
        raise Forbidden
    if tap.action == "take":
        await offers.take(tx, tap.card.about, tap.actor, "wecom", rules)
    else:
        answer = DeclineOffer(reason=cast(DeclineReason, tap.value))
        await offers.decline(tx, tap.card.about, answer, tap.actor)


async def _offer_answered(look: Look, card: Card, kind: CardKind) -> First | None:
    reader, case = look.reader, look.case
    offer = await reader.get(OFFERS, card.about)
    taker = (offer.taken_by if offer is not None else None) or (case.worker_id if case.open else None)
    first = reader.recall(STAFF, taker) if taker else None
    if first is not None:
        return First("staff", first.id, first.name, "接单")
    if offer is None or (offer.state == "open" and offer.expires_at > reader.now):
        return await _moved_by(look, card, kind)
    return First("system", "", "", offers.view(reader, offer).sentence)


OFFER = Door(_offer_open, _answer_offer, _offer_answered)


# More time for a clock.


async def _extension_open(look: Look, card: Card, actor: Actor) -> frozenset[str]:
    name, _, asked_at = card.about.partition("|")
    clock = look.case.clocks.get(name)
    asked = clock.asked if clock is not None and clock.stopped_at is None else None
    if asked is None or asked.at.isoformat() != asked_at or asked.asker == actor.key:
        return NOTHING
    return frozenset({"allow", "refuse"}) if clocks.may_allow(look.case, actor) else NOTHING


async def _answer_extension(tx: Tx, tap: Tap, rules: Settings) -> None:
    """Raises VersionConflict where another request waits by now, and what the answer raises."""
    case_no, actor, name = tap.card.case_no, tap.actor, tap.card.about.partition("|")[0]
    case = await cases.find(tx, case_no, actor)
    if clocks.may_allow(case, actor) and not await _extension_open(Look(tx, case), tap.card, actor):
        raise cases.VersionConflict
    if tap.action == "allow":
        await clocks.allow_extension(tx, case_no, name, AllowExtension(), actor, "wecom")
    else:
        await clocks.refuse_extension(tx, case_no, name, RefuseExtension(reason=tap.reason), actor, "wecom")


async def _extension_answered(look: Look, card: Card, kind: CardKind) -> First | None:
    done = {"clock.extended": "同意延长", "clock.extension_refused": "不同意延长"}
    step = next((one for one in await _since(look.reader, card) if one.type in done), None)
    return _first(step, done[step.type]) if step is not None else None


EXTENSION = Door(_extension_open, _answer_extension, _extension_answered)


# Another round of asking.


async def _round_open(look: Look, card: Card, actor: Actor) -> frozenset[str]:
    found = await look.reader.get(DISPATCHES, look.case.id)
    if found is None or found.state != "nobody" or str(found.round) != card.about:
        return NOTHING
    return frozenset({"again"}) if cases.parts(actor, look.case) & _SIDE else NOTHING


async def _ask_again(tx: Tx, tap: Tap, rules: Settings) -> None:
    """Raises Forbidden, CaseNotFound, VersionConflict where somebody has asked again, and what asking raises."""
    if not tap.actor.roles & _SIDE:
        raise Forbidden
    case = await cases.find(tx, tap.card.case_no, tap.actor)
    if not await _round_open(Look(tx, case), tap.card, tap.actor):
        raise cases.VersionConflict
    await dispatch.again(tx, case)


async def _asked_again(look: Look, card: Card, kind: CardKind) -> First | None:
    return await _moved_by(look, card, kind) or First("system", "", "", "已经再问一遍")


ROUND = Door(_round_open, _ask_again, _asked_again)
