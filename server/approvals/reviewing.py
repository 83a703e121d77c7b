"""The window's side: each material gets its verdict, what is lacking is said once, and the case is accepted or not.

A second supplement notice needs a supervisor's word, and is written down as a fault of whoever wrote the first.
"""

from server import staff
from server.approvals import deciding, faults, timing, way
from server.approvals.details import Approval, Did, Given, Notice, needed
from server.approvals.way import body_of
from server.budgets import SUPPLEMENT
from server.cases import Act
from server.items import Body
from server.kit.errors import Conflict

VERDICTS = {"pending": "还没看", "fine": "合格", "unclear": "看不清", "missing": "缺", "wrong": "不符"}


class NotAllFine(Conflict):
    """还有材料没有审核合格，不能受理"""


class NothingLacking(Conflict):
    """材料都合格，没有要补的，请直接受理"""


class JudgeEverything(Conflict):
    """还有材料没有看，一次告知要把缺的全部写上，请先看完"""


class SecondSupplement(Conflict):
    """已经告知过一次要补的材料，再次补正要先请街道审核人员同意"""


class SecondAllowed(Conflict):
    """已经同意再补正一次，不用再同意"""


class FirstComesFirst(Conflict):
    """还没有告知过要补的材料，窗口可以直接发补正通知"""


class AcceptedBefore(Conflict):
    """这个办件已经受理，只能作出准予或不予的决定"""


class MaterialNotThere(Conflict):
    """清单里没有这份材料"""


class NotInstant(Conflict):
    """这个事项不是即办件，不能当场办结"""


async def take_up(act: Act) -> None:
    """Whoever takes it has the case from now on."""
    act.details.role = "clerk"
    way.claim(act)
    act.case.handler_id = act.actor.id


async def judge(act: Act) -> None:
    """Raises NotYourStep, InOthersHands, MaterialNotThere."""
    way.claim(act)
    approval: Approval = act.details
    known = {one.key for one in body_of(act.tx, approval).materials}
    if act.form.key not in known:
        raise MaterialNotThere(field="key")
    given = approval.given(act.form.key)
    if given is None:
        given = Given(key=act.form.key)
        approval.materials.append(given)
    given.verdict, given.remark = act.form.verdict, act.form.remark


def _judged(approval: Approval, body: Body) -> dict[str, str]:
    """The verdict on what has to be handed in, and on what was handed in besides."""
    keys = [one.key for one in needed(body, approval.form)]
    keys += [one.key for one in approval.materials if one.key not in keys and one.verdict != "pending"]
    verdicts = {one.key: one.verdict for one in approval.materials}
    return {key: verdicts.get(key, "pending") for key in keys}


def lines(approval: Approval, body: Body) -> list[str]:
    """All that is lacking, as the resident reads it."""
    names = {one.key: one.name for one in body.materials}
    found = []
    for key, verdict in _judged(approval, body).items():
        given = approval.given(key)
        if verdict not in ("fine", "pending"):
            remark = given.remark if given is not None else ""
            found.append(f"{names[key]}：{VERDICTS[verdict]}" + (f"。{remark}" if remark else ""))
    return found


async def supplement(act: Act) -> None:
    """Everything that is lacking goes into one notice.

    Raises JudgeEverything, NothingLacking, SecondSupplement, NotYourStep, InOthersHands.
    """
    way.claim(act)
    approval: Approval = act.details
    body = body_of(act.tx, approval)
    _check_once(approval)
    unseen = [key for key, verdict in _judged(approval, body).items() if verdict == "pending"]
    said = lines(approval, body)
    if unseen:
        names = "、".join(one.name for one in body.materials if one.key in unseen)
        raise JudgeEverything(f"还没有看：{names}。一次告知要把缺的全部写上", field=f"materials.{unseen[0]}")
    if not said:
        raise NothingLacking
    timing.supplement_asked(act, body)
    until = act.case.clocks[SUPPLEMENT].due_at or act.tx.now
    approval.notices.append(
        Notice(at=act.tx.now, until=until, lines=said, note=act.form.note, by=act.actor.id)
    )
    approval.second_allowed = False
    approval.role = ""


def _check_once(approval: Approval) -> None:
    if approval.notices and not approval.second_allowed:
        raise SecondSupplement


async def allow_second(act: Act) -> None:
    """The supervisor signs, and it counts against who wrote the first; why, is in the history of the case alone, which is
    emptied when the resident leaves. Raises FirstComesFirst, SecondAllowed."""
    approval: Approval = act.details
    if not approval.notices:
        raise FirstComesFirst
    if approval.second_allowed:
        raise SecondAllowed
    approval.second_allowed = True
    first = approval.notices[0].by
    text = f"补正没有一次告知，{act.actor.name}同意再补正一次"
    await faults.note(act, first, "second_supplement", text)


async def not_accept(act: Act) -> None:
    """With the ground in law. Raises AcceptedBefore, NotYourStep, InOthersHands."""
    way.claim(act)
    approval: Approval = act.details
    if approval.accepted_at is not None:
        raise AcceptedBefore
    approval.ground, approval.reason = act.form.ground, act.form.reason
    timing.decided(act)
    approval.role = ""


async def accept(act: Act) -> None:
    """All that has to be there is fine: the item's steps begin. Raises NotAllFine, NotYourStep, InOthersHands."""
    _accept(act)
    body = body_of(act.tx, act.details)
    way.enter(act, way.after(body, ""))


def _accept(act: Act) -> None:
    colleague = way.claim(act)
    approval: Approval = act.details
    body = body_of(act.tx, approval)
    for key, verdict in _judged(approval, body).items():
        wanted = {one.key for one in needed(body, approval.form)}
        if verdict != "fine" and key in wanted:
            name = next(one.name for one in body.materials if one.key == key)
            raise NotAllFine(f"“{name}”还没有审核合格，不能受理", field=f"materials.{key}")
    timing.accepted(act, body)
    way.done(act, colleague)


async def grant_now(act: Act) -> None:
    """What is decided at the window at once. Raises NotInstant, NotAllFine, NotYourStep, InOthersHands."""
    if not act.details.instant:
        raise NotInstant
    _accept(act)
    deciding.grant_it(act, "")


async def deem(act: Act) -> None:
    """Nobody has said in time whether it is accepted: by law it is, from the day it came in."""
    approval: Approval = act.details
    body = body_of(act.tx, approval)
    timing.accepted(act, body, deemed=True)
    approval.did["pre_review"] = Did(at=act.tx.now, by="", name="")
    member = act.tx.recall(staff.STAFF, act.case.handler_id or "")
    days = body.acceptance_days
    await faults.note(
        act, member.id if member else "", "deemed", f"{days} 个工作日内没有告知是否受理，按规定视为受理"
    )
    way.enter(act, way.after(body, ""))
