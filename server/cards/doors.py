"""The doors through which taps go: the calls that the API makes for the same acts, with the same checks."""

from typing import cast, get_args

from schemas.clocks import AllowExtension, RefuseExtension
from schemas.dispatch import DeclineOffer, DeclineReason
from server import cases, clocks, dispatch
from server.cards.kinds import CardKind, Door, Tap
from server.cases import CASES, Case
from server.cases.claims import claimed_by
from server.config import Settings
from server.dispatch import DISPATCHES, OFFERS, offers
from server.dispatch.work import job_of, waits, work_of
from server.kit.db import Reader, Tx
from server.kit.errors import Forbidden
from server.kit.events import EVENTS, Event, event_id
from server.sessions import Actor
from server.staff import STAFF
from server.staff_push import Card

NOTHING: frozenset[str] = frozenset()
_MOST = 50
_CHANGES_WHAT_IS_WRITTEN = frozenset({"reschedule", "transfer"})


def written(case: Case) -> str:
    """What a card says of the case and whoever taps it agrees to: the time of the work, where it is work."""
    return job_of(case).start.isoformat() if work_of(case) is not None else ""


# A move of the case's own flow.


async def _move_open(reader: Reader, card: Card, actor: Actor) -> frozenset[str]:
    case = await reader.get(CASES, card.case_no)
    if case is None or not cases.parts(actor, case) or not _as_written(case, card):
        return NOTHING
    names = {one.name for one in cases.view(reader, case, actor).actions}
    holder = claimed_by(reader, case)
    return frozenset(names - {"claim"} if holder is not None else names)


def _as_written(case: Case, card: Card) -> bool:
    return not card.about or card.about == written(case)


async def _move(tx: Tx, tap: Tap, rules: Settings) -> None:
    """Raises WrittenDifferently where the card says another time than the case has now, and what the move raises."""
    case = await cases.find(tx, tap.card.case_no, tap.actor)
    if not _as_written(case, tap.card):
        raise cases.VersionConflict
    form = {"reason": tap.reason} if tap.reason else {}
    await cases.move(tx, case.id, tap.action, form, tap.actor, "wecom", rules)


async def _moved_by(reader: Reader, card: Card, kind: CardKind, userid: str) -> str:
    """The first step since the card after which none of its buttons was left."""
    case = await reader.get(CASES, card.case_no)
    if case is None:
        return ""
    since = {"_id": {"$gt": event_id(case.id, card.version), "$lt": f"{case.id}/"}}
    steps = await reader.all(EVENTS, since, limit=_MOST)
    flow = cases.kind_of(case).flow
    actions = {one.action for one in kind.buttons}

    def decides(step: Event) -> bool:
        left = {row.action for row in flow.rows if row.source == step.data["target"]} & actions
        changes = bool(card.about) and step.data["action"] in _CHANGES_WHAT_IS_WRITTEN
        return step.data["action"] in actions or changes or not left

    step = next((one for one in steps if decides(one)), None)
    if step is None:
        return ""
    button = kind.button(step.data["action"])
    action = flow.actions.get(step.data["action"])
    return said_of(step, userid, button.done if button else action.text if action else step.data["text"])


def said_of(step: Event, userid: str, done: str) -> str:
    """Who did it, as it stands on the card of this member."""
    match step.by["kind"]:
        case "staff" if step.by["id"] == userid:
            return f"您已{done}"
        case "staff":
            return f"已由 {step.by['name']} {done}"
        case "resident":
            return f"居民已{done}"
    return f"系统：{done}"


MOVE = Door(_move_open, _move, _moved_by)


# An offer of work, and its answer.


async def _offer_open(reader: Reader, card: Card, actor: Actor) -> frozenset[str]:
    offer = await reader.get(OFFERS, card.about)
    case = await reader.get(CASES, card.case_no)
    if offer is None or case is None or offer.worker_id != actor.id or "worker" not in actor.roles:
        return NOTHING
    over = offer.state != "open" or offer.expires_at <= reader.now
    if over or not waits(case) or job_of(case).start != offer.start:
        return NOTHING
    return frozenset({"take", "decline"})


async def _answer_offer(tx: Tx, tap: Tap, rules: Settings) -> None:
    if "worker" not in tap.actor.roles:
        raise Forbidden
    if tap.action == "take":
        await offers.take(tx, tap.card.about, tap.actor, "wecom", rules)
        return
    reason = tap.value if tap.value in get_args(DeclineReason) else "other"
    answer = DeclineOffer(reason=cast(DeclineReason, reason))
    await offers.decline(tx, tap.card.about, answer, tap.actor)


async def _offer_answered(reader: Reader, card: Card, kind: CardKind, userid: str) -> str:
    offer = await reader.get(OFFERS, card.about)
    if offer is None:
        return ""
    case = await reader.get(CASES, offer.case_no)
    taker = offer.taken_by or (case.worker_id if case is not None and case.open else None)
    if taker is not None and taker != userid:
        first = reader.recall(STAFF, taker)
        return f"已由 {first.name} 接单" if first else ""
    return offers.view(reader, offer).sentence if offer.state != "open" else ""


OFFER = Door(_offer_open, _answer_offer, _offer_answered)


# More time for a clock.


async def _extension_open(reader: Reader, card: Card, actor: Actor) -> frozenset[str]:
    case = await reader.get(CASES, card.case_no)
    if case is None or not clocks.may_allow(case, actor):
        return NOTHING
    name, _, asked_at = card.about.partition("|")
    clock = case.clocks.get(name)
    asked = clock.asked if clock is not None and clock.stopped_at is None else None
    if asked is None or asked.asker == actor.key or asked.at.isoformat() != asked_at:
        return NOTHING
    return frozenset({"allow", "refuse"})


async def _answer_extension(tx: Tx, tap: Tap, rules: Settings) -> None:
    name = tap.card.about.partition("|")[0]
    case_no, actor = tap.card.case_no, tap.actor
    if tap.action not in await _extension_open(tx, tap.card, actor) and clocks.may_allow(
        await cases.find(tx, case_no, actor), actor
    ):
        raise cases.VersionConflict
    if tap.action == "allow":
        await clocks.allow_extension(tx, case_no, name, AllowExtension(), actor, "wecom")
    else:
        await clocks.refuse_extension(tx, case_no, name, RefuseExtension(reason=tap.reason), actor, "wecom")


async def _extension_answered(reader: Reader, card: Card, kind: CardKind, userid: str) -> str:
    since = {"_id": {"$gt": event_id(card.case_no, card.version), "$lt": f"{card.case_no}/"}}
    steps = await reader.all(EVENTS, since, limit=_MOST)
    done = {"clock.extended": "同意延长", "clock.extension_refused": "不同意延长"}
    step = next((one for one in steps if one.type in done), None)
    return said_of(step, userid, done[step.type]) if step is not None else ""


EXTENSION = Door(_extension_open, _answer_extension, _extension_answered)


# Another round of asking.


async def _round_open(reader: Reader, card: Card, actor: Actor) -> frozenset[str]:
    found = await reader.get(DISPATCHES, card.case_no)
    case = await reader.get(CASES, card.case_no)
    if found is None or case is None or found.state != "nobody" or str(found.round) != card.about:
        return NOTHING
    return frozenset({"again"}) if cases.parts(actor, case) & {"provider", "dispatcher"} else NOTHING


async def _ask_again(tx: Tx, tap: Tap, rules: Settings) -> None:
    if not tap.actor.roles & {"provider", "dispatcher"}:
        raise Forbidden
    case = await cases.find(tx, tap.card.case_no, tap.actor)
    if not await _round_open(tx, tap.card, tap.actor):
        raise cases.VersionConflict
    await dispatch.again(tx, case)


async def _asked_again(reader: Reader, card: Card, kind: CardKind, userid: str) -> str:
    found = await _moved_by(reader, card, kind, userid)
    return found or "已经在找师傅"


ROUND = Door(_round_open, _ask_again, _asked_again)
