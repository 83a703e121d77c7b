"""What is handed in: photos of this case, those of an earlier case of the same resident, or paper at the window."""

from collections.abc import Iterable

from schemas.approvals import MaterialGiven, ReusesView, ReuseView
from server import attachments
from server.approvals.details import Approval, Given
from server.approvals.way import body_of
from server.cases import CASES, Act, Case, kind_of
from server.items import Body
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Invalid

MOST = 50
_CAME_TO_NOTHING = {"draft", "withdrawn"}


class UnknownMaterial(Invalid):
    """这个事项不需要这份材料，请刷新后再试"""


class NothingToReuse(Conflict):
    """以前的这份材料不能再用，请重新拍照上传"""


async def hand_in(act: Act, wanted: Iterable[MaterialGiven]) -> None:
    """What is named takes the place of what was there. Raises UnknownMaterial, NothingToReuse, AttachmentNotFound."""
    approval: Approval = act.details
    keys = {one.key for one in body_of(act.tx, approval).materials}
    for number, one in enumerate(wanted):
        if one.key not in keys:
            raise UnknownMaterial(field=f"materials[{number}].key")
        before = approval.given(one.key)
        now = await _given(act, one, before)
        approval.materials = [given for given in approval.materials if given.key != one.key]
        if now.there:
            approval.materials.append(now)


async def _given(act: Act, wanted: MaterialGiven, before: Given | None) -> Given:
    """Photos that stay are not claimed again; those that go are nobody's any more."""
    field = f"materials.{wanted.key}"
    if wanted.reuse is not None and before is not None and before.reused_from == wanted.reuse:
        return before
    own = before.files if before is not None and not before.reused_from else []
    if wanted.reuse is not None:
        earlier = await _earlier(act, wanted)
        await attachments.lend(act.tx, earlier.files, act.case, field)
        await attachments.release(act.tx, act.case, own)
        return Given(key=wanted.key, files=earlier.files, reused_from=wanted.reuse, paper=wanted.paper)
    if before is not None and set(wanted.files) == set(before.files) and wanted.paper == before.paper:
        return before
    if before is not None and before.reused_from:
        await attachments.take_back(act.tx, before.files, act.case)
    new = [one for one in wanted.files if one not in own]
    await attachments.claim(act.tx, act.case, act.actor, new, f"material:{wanted.key}", field)
    await attachments.release(act.tx, act.case, [one for one in own if one not in wanted.files])
    return Given(key=wanted.key, files=list(dict.fromkeys(wanted.files)), paper=wanted.paper)


async def _earlier(act: Act, wanted: MaterialGiven) -> Given:
    """Raises NothingToReuse."""
    approval: Approval = act.details
    material = next(one for one in body_of(act.tx, approval).materials if one.key == wanted.key)
    case = await act.tx.get(CASES, wanted.reuse or "")
    fits = material.reusable and case is not None and case.id != act.case.id
    if not fits or case is None or case.resident_id != act.case.resident_id or not _good(case, act.case):
        raise NothingToReuse(field=f"materials.{wanted.key}")
    given = _of(case, wanted.key)
    if given is None:
        raise NothingToReuse(field=f"materials.{wanted.key}")
    return given


def _good(case: Case, own: Case) -> bool:
    return case.kind == own.kind and case.state not in _CAME_TO_NOTHING


def _of(case: Case, key: str) -> Given | None:
    """What the case has of this material, if it was found to be fine."""
    given: Given | None = kind_of(case).details_of(case).given(key)
    return given if given is not None and given.files and given.verdict == "fine" else None


async def let_go(tx: Tx, case: Case, approval: Approval) -> None:
    """A draft that comes to nothing keeps nobody's papers."""
    for one in approval.materials:
        if one.reused_from:
            await attachments.take_back(tx, one.files, case)
        else:
            await attachments.release(tx, case, one.files)
    approval.materials = []


async def reuses(reader: Reader, case: Case) -> ReusesView:
    """For each material that may be handed in again, the latest that was found to be fine in an earlier case."""
    approval = kind_of(case).details_of(case)
    if not isinstance(approval, Approval):
        return ReusesView(items=[])
    body: Body = body_of(reader, approval)
    wanted = [one.key for one in body.materials if one.reusable]
    where = {"resident_id": case.resident_id, "kind": case.kind, "_id": {"$ne": case.id}}
    earlier = await reader.all(CASES, where, limit=MOST, sort="-created_at") if wanted else []
    found: dict[str, ReuseView] = {}
    for one in earlier:
        for key in wanted if _good(one, case) else ():
            given = _of(one, key)
            if given is not None and key not in found:
                found[key] = ReuseView(
                    key=key, case_no=one.id, title=one.title, at=one.created_at, files=given.files
                )
    return ReusesView(items=[found[key] for key in wanted if key in found])
