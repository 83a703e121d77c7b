"""The decision: made by a person, never by time, and not by whoever reviewed it. Then how the result reaches them."""

from server import documents, pick_up_codes
from server.approvals import timing, way
from server.approvals.details import Approval, Did
from server.approvals.way import body_of
from server.cases import Act
from server.items import words
from server.kit.errors import Conflict, Forbidden


class ReviewedIt(Forbidden):
    """您审核过这个办件，要由另一位同事决定"""


class OtherDelivery(Conflict):
    """居民选的不是这种领取方式，请先和居民说好"""


async def grant(act: Act) -> None:
    """Raises NotYourStep, InOthersHands, ReviewedIt."""
    _decide(act)
    grant_it(act, act.form.opinion)


async def deny(act: Act) -> None:
    """With the ground in law. Raises NotYourStep, InOthersHands, ReviewedIt."""
    _decide(act)
    act.details.ground, act.details.reason = act.form.ground, act.form.reason
    _over(act)


def _decide(act: Act) -> None:
    """Four eyes: neither the actor nor in whose place they act has reviewed it."""
    colleague = way.claim(act)
    approval: Approval = act.details
    deciders = {act.actor.id, *([colleague.id] if colleague is not None else [])}
    if body_of(act.tx, approval).four_eyes and deciders & set(approval.reviewers):
        raise ReviewedIt
    way.done(act, colleague)


def grant_it(act: Act, opinion: str) -> None:
    act.details.opinion = opinion
    _over(act)


def _over(act: Act) -> None:
    approval: Approval = act.details
    timing.decided(act)
    approval.did[way.DECISION] = Did(at=act.tx.now, by=act.actor.id, name=act.actor.name)
    approval.step, approval.role = None, ""
    if approval.delivery == "pick_up":
        approval.pick_up_code = pick_up_codes.new(6)


async def deliver(act: Act) -> None:
    """Raises OtherDelivery, WrongPickUpCode."""
    approval: Approval = act.details
    if act.form.method != approval.delivery and not act.form.note:
        raise OtherDelivery(
            f"居民选的是{words.DELIVERIES[approval.delivery or 'pick_up']}，改用别的方式请在备注里写明",
            field="method",
        )
    code = approval.pick_up_code if act.form.method == "pick_up" else ""
    if code:
        pick_up_codes.check(act.form.code, code)
    note = f"，{act.form.note}" if act.form.note else ""
    approval.delivered_how = words.DELIVERIES[act.form.method]
    act.facts = {**act.facts, "how": f"{approval.delivered_how}{note}"}
    approval.did["delivered"] = Did(at=act.tx.now, by=act.actor.id, name=act.actor.name)


async def archive(act: Act) -> None:
    """What papers it had is written into its history (server/documents/archive.py seals them)."""
    shown = await documents.of_case(act.tx, act.case.id)
    numbers = "、".join(one.number for one in shown if one.number)
    act.facts = {**act.facts, "papers": numbers} if numbers else act.facts
