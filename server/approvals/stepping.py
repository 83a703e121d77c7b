"""The steps after acceptance: reviewed, visited, appraised, made public, reviewed by the street, asked of the district.

Whoever does a step holds it; who else is to have it is named. Going back keeps what was thought before.
"""

from server import attachments, staff
from server.approvals import colleagues, way
from server.approvals.details import Approval, Did, Raised, Signer, Visited, unanswered, unsigned
from server.approvals.way import body_of
from server.budgets import PUBLICITY
from server.cases import Act, Case, claims, parts
from server.kit.db import Reader
from server.kit.errors import Conflict, Invalid, NotFound


class TwoVisitorsNeeded(Invalid):
    """入户调查要两个人以上，请写上每个人的名字"""


class MoreAgreedThanCame(Invalid):
    """同意的人数不能比到会的人数多"""


class ObjectionNotFound(NotFound):
    """没有等着答复的异议"""


class SignersOutstanding(Conflict):
    """还有加签的同事没有签"""


class NotAskedToSign(Conflict):
    """没有请您加签，或您已经签过"""


class NotAnEarlierStep(Invalid):
    """只能退回到前面办过的步骤"""


class NotDoneByThem(Conflict):
    """这位同事不能办这一步，请从名单里选"""


class AlreadyAsked(Conflict):
    """已经请过这位同事"""


async def claim(act: Act) -> None:
    """Take it upon oneself. Raises NotYourStep, AlreadyClaimed."""
    role = way.role_at(body_of(act.tx, act.details), act.source)
    if role not in parts(act.actor, act.case):
        raise way.NotYourStep
    await claims.claim(act)


async def pass_(act: Act) -> None:
    """Raises NotYourStep, InOthersHands, SignersOutstanding."""
    colleague = way.claim(act)
    approval: Approval = act.details
    if unsigned(approval):
        names = "、".join(one.name for one in approval.signers if one.at is None)
        raise SignersOutstanding(f"还要等{names}签")
    _on(act, act.form.opinion, colleague)


def _on(act: Act, text: str, colleague: staff.Staff | None) -> None:
    way.opine(act, "passed", text, colleague)
    way.done(act, colleague)
    way.enter(act, way.after(body_of(act.tx, act.details), act.source))


async def report(act: Act) -> None:
    """What a home visit found. Raises TwoVisitorsNeeded, AttachmentNotFound, NotYourStep, InOthersHands."""
    colleague = way.claim(act)
    names = [
        one for one in act.form.visitors.replace("，", "、").replace(",", "、").split("、") if one.strip()
    ]
    if len(names) < 2:
        raise TwoVisitorsNeeded(field="visitors")
    photos = await attachments.claim(
        act.tx, act.case, act.actor, act.form.photos, "visit", "photos", attachments.PICTURES
    )
    act.details.visits.append(
        Visited(at=act.tx.now, contact="、".join(names), text=act.form.report, photos=photos)
    )
    _on(act, act.form.report, colleague)


async def appraise(act: Act) -> None:
    """Raises MoreAgreedThanCame, NotYourStep, InOthersHands."""
    colleague = way.claim(act)
    if act.form.agreed > act.form.present:
        raise MoreAgreedThanCame(field="agreed")
    said = f"到会 {act.form.present} 人，同意 {act.form.agreed} 人。{act.form.minutes}"
    _on(act, said, colleague)


async def object_(act: Act) -> None:
    """Somebody objects while it is public."""
    act.details.objections.append(Raised(at=act.tx.now, text=act.form.text, contact_name=act.form.by))


async def answer_objection(act: Act) -> None:
    """The oldest that waits. One that is upheld sends the case back; when the time is over and none waits, it goes on.

    Raises ObjectionNotFound, NotYourStep, InOthersHands.
    """
    colleague = way.claim(act)
    approval: Approval = act.details
    waiting = next((one for one in approval.objections if one.upheld is None), None)
    if waiting is None:
        raise ObjectionNotFound
    waiting.upheld, waiting.answer = act.form.upheld, act.form.answer
    if act.form.upheld:
        body = body_of(act.tx, approval)
        way.opine(act, "sent_back", f"异议成立：{act.form.answer}", colleague)
        _back_to(act, body.steps[0].name)
    elif not unanswered(approval) and _public_long_enough(act.tx, act.case):
        close(act)


def _public_long_enough(reader: Reader, case: Case) -> bool:
    due_at = case.clocks[PUBLICITY].due_at
    return due_at is not None and due_at <= reader.now


def close(act: Act) -> None:
    act.details.did["publicity"] = Did(at=act.tx.now, by="", name="")
    way.enter(act, way.after(body_of(act.tx, act.details), "publicity"))


async def close_publicity(act: Act) -> None:
    """The days are over. While somebody waits for an answer it stays public."""
    if unanswered(act.details):
        act.target = act.source
        return
    close(act)


async def district_answer(act: Act) -> None:
    """What the district has said; the street decides by it. Raises NotYourStep, InOthersHands."""
    colleague = way.claim(act)
    approval: Approval = act.details
    approval.district_document = act.form.document
    said = "区里同意" if act.form.agreed else "区里不同意"
    document = f"（{act.form.document}）" if act.form.document else ""
    if not act.form.agreed:
        approval.proposal = f"{said}{document}。{act.form.opinion}"
    _on(act, f"{said}{document}。{act.form.opinion}", colleague)


async def propose_denial(act: Act) -> None:
    """Straight to who decides. Raises NotYourStep, InOthersHands."""
    colleague = way.claim(act)
    way.opine(act, "denial", f"{act.form.ground}。{act.form.reason}", colleague)
    way.done(act, colleague)
    act.details.proposal = f"建议不予办理：{act.form.reason}（{act.form.ground}）"
    way.enter(act, way.DECISION)


async def send_back(act: Act) -> None:
    """Raises NotAnEarlierStep, NotYourStep, InOthersHands."""
    colleague = way.claim(act)
    if act.form.node not in way.before(body_of(act.tx, act.details), act.source):
        raise NotAnEarlierStep(field="node")
    way.opine(act, "sent_back", act.form.reason, colleague)
    act.details.holders[act.source] = act.actor.id
    _back_to(act, act.form.node)


def _back_to(act: Act, node: str) -> None:
    way.again_from(act.details, body_of(act.tx, act.details), node)
    way.enter(act, node)


async def hand_to(act: Act) -> None:
    """Raises NotDoneByThem, NotYourStep, InOthersHands."""
    way.claim(act)
    member = colleagues.able(act.tx, act.case, act.details, act.form.userid)
    if member is None or member.id == act.actor.id:
        raise NotDoneByThem(field="userid")
    act.case.handler_id = member.id
    act.facts = {**act.facts, "to": member.name}


async def add_signer(act: Act) -> None:
    """Raises NotDoneByThem, AlreadyAsked, NotYourStep, InOthersHands."""
    way.claim(act)
    approval: Approval = act.details
    member = colleagues.able(act.tx, act.case, approval, act.form.userid)
    if member is None or member.id == act.actor.id:
        raise NotDoneByThem(field="userid")
    if any(one.userid == member.id for one in approval.signers):
        raise AlreadyAsked(field="userid")
    approval.signers.append(Signer(userid=member.id, name=member.name))
    act.facts = {**act.facts, "to": member.name}


async def sign(act: Act) -> None:
    """By who was asked to. Raises NotAskedToSign."""
    approval: Approval = act.details
    for one in approval.signers:
        if one.userid == act.actor.id and one.at is None:
            one.at, one.opinion = act.tx.now, act.form.opinion
            way.opine(act, "signed", act.form.opinion, None)
            approval.reviewers = way.reviewed(approval, act, None)
            return
    raise NotAskedToSign


async def copy(act: Act) -> None:
    """They may read it from now on. Raises NotDoneByThem, AlreadyAsked."""
    member = act.tx.recall(staff.STAFF, act.form.userid)
    if member is None or not member.active:
        raise NotDoneByThem("没有这位同事，请从名单里选", field="userid")
    if member.id in act.case.copied_to:
        raise AlreadyAsked("已经抄送给这位同事", field="userid")
    act.case.copied_to.append(member.id)
    act.details.copies.append(Signer(userid=member.id, name=member.name, at=act.tx.now))
    act.facts = {**act.facts, "to": member.name}
