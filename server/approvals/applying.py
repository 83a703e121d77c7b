"""The applicant's side: a draft is filled in, handed in, supplemented, or taken back."""

from server import attachments
from server.approvals import papers, timing
from server.approvals.details import Approval, Did, lacking
from server.approvals.way import body_of
from server.cases import Act
from server.catalogue.forms import BadForm, answers, require
from server.items import Body
from server.kit.errors import Invalid


class MaterialMissing(Invalid):
    """还有材料没有交，请拍照上传或选择到窗口交"""


class NotTruthful(Invalid):
    """请先确认填写的内容属实，再提交"""


class DeliveryNeeded(Invalid):
    """请选择结果怎么交给您"""


class DeliveryNotOffered(Invalid):
    """这个事项没有这种领取方式，请换一种"""


async def edit(act: Act) -> None:
    """What was sent takes the place of what was there.

    Raises BadForm, UnknownMaterial, NothingToReuse, AttachmentNotFound, DeliveryNotOffered.
    """
    approval: Approval = act.details
    body = body_of(act.tx, approval)
    if act.form.form is not None:
        approval.form = answers(body.fields, act.form.form)
    if act.form.materials is not None:
        await papers.hand_in(act, act.form.materials)
    if act.form.delivery is not None:
        if act.form.delivery not in body.deliveries:
            raise DeliveryNotOffered(field="delivery")
        approval.delivery = act.form.delivery
    if act.form.address is not None:
        approval.address = act.form.address


async def submit(act: Act) -> None:
    """It comes in. Raises BadForm, MaterialMissing, DeliveryNeeded, NotTruthful, AttachmentNotFound."""
    approval: Approval = act.details
    body = body_of(act.tx, approval)
    _check(approval, body)
    await _sign(act)
    approval.submitted_at = act.tx.now
    approval.did["submitted"] = _did(act)
    timing.came_in(act, body)


async def resubmit(act: Act) -> None:
    """The supplement comes in, and goes to who asked for it. Raises what `submit` raises."""
    await submit(act)
    act.details.role = "clerk"
    act.details.notices[-1].answered_at = act.tx.now


def _check(approval: Approval, body: Body) -> None:
    """Names the first thing that is missing."""
    answers(body.fields, approval.form)
    require(body.fields, approval.form)
    missing = lacking(body, approval)
    if missing:
        names = "、".join(f"“{one.name}”" for one in missing)
        raise MaterialMissing(f"还缺{names}，请拍照上传或选择到窗口交", field=f"materials.{missing[0].key}")
    if approval.delivery is None and len(body.deliveries) == 1:
        approval.delivery = body.deliveries[0]
    if approval.delivery is None:
        raise DeliveryNeeded(field="delivery")
    if approval.delivery == "mail" and not approval.address.strip():
        raise DeliveryNeeded("要邮寄的，请写收件地址", field="address")


async def _sign(act: Act) -> None:
    if not act.form.truthful:
        raise NotTruthful(field="truthful")
    if act.form.signature is not None:
        await attachments.claim(
            act.tx, act.case, act.actor, [act.form.signature], "signature", "signature", attachments.PICTURES
        )
        act.details.signature = act.form.signature


def _did(act: Act) -> Did:
    return Did(at=act.tx.now, by=act.actor.id, name=act.actor.name if act.actor.kind == "staff" else "")


async def drop(act: Act) -> None:
    """A draft that nobody wants, or has touched for long."""
    await papers.let_go(act.tx, act.case, act.details)


async def withdraw(act: Act) -> None:
    """The applicant takes it back, or has not supplemented it in time."""
    timing.decided(act)
    act.details.step, act.details.role = None, ""


__all__ = ["BadForm", "drop", "edit", "resubmit", "submit", "withdraw"]
