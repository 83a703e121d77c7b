"""A move has been made: its papers are written down in the very transaction that hears of it.

So none is lost and none given out twice, whatever is killed when. What a paper will say is as things stood then; its
number and its drawing are left to the queue, so that no event waits for a counter.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from schemas.items import Delivery
from server import items
from server.cases import CASES, Case
from server.documents.kinds import MOVES, Paper, of_move
from server.documents.stored import DOCUMENTS, Basis, Document
from server.documents.wording import masked_identity
from server.items import Body, ItemVersion
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.events import EVENTS, Event, history_of, on
from server.words import clock_time, masked, masked_name, said_day
from server.workdays import day_of

IDENTITY = ("id_number", "id_card")
"""Under which names a form asks for the number of the identity card."""
NOT_SHOWN = frozenset({*IDENTITY, "account", "phone"})
"""What stands on no certificate, whoever is shown it."""


class NoticeFiled(Struct, kw_only=True):
    lines: list[str] = []
    note: str = ""
    until: datetime | None = None


class MaterialFiled(Struct, kw_only=True):
    key: str
    files: list[str] = []
    paper: bool = False


class Filed(Struct, kw_only=True):
    """As much of an approval's details as papers are made of; what else is in them is not looked at. `item_id` is the
    version that the case started with."""

    item_id: str
    form: dict[str, Any] = {}
    materials: list[MaterialFiled] = []
    notices: list[NoticeFiled] = []
    submitted_at: datetime | None = None
    deemed: bool = False
    delivery: Delivery | None = None
    ground: str = ""
    reason: str = ""
    opinion: str = ""


@on(*MOVES)
async def issue(tx: Tx, event: Event) -> None:
    """Have the papers of this move made."""
    case = await tx.get(CASES, event.subject)
    if case is None:
        return
    filed = msgspec.convert(case.details, Filed, strict=False, builtin_types=(datetime, bytes))
    item = items.version(tx, filed.item_id)
    for paper in of_move(event.type):
        if paper.name == "certificate" and item.body.result != "certificate":
            continue
        await _give_out(tx, paper, event, case, filed, item)


async def _give_out(tx: Tx, paper: Paper, event: Event, case: Case, filed: Filed, item: ItemVersion) -> None:
    ordinal = await _ordinal(tx, event) if paper.each else 1
    document_id = f"{paper.name}.{case.id}.{ordinal}"
    if await tx.get(DOCUMENTS, document_id) is not None:
        return
    document = Document(
        id=document_id,
        case_no=case.id,
        kind=paper.name,
        title=item.body.result_name if paper.name == "certificate" else paper.text,
        year=event.at.astimezone(SHANGHAI).year,
        at=event.at,
        item_id=item.id,
        basis=_basis(paper, ordinal, event, case, filed, item.body),
        holder=masked_name(case.resident_name),
        due_at=tx.now,
        request_id=event.request_id,
    )
    await tx.insert(DOCUMENTS, document)


async def _ordinal(reader: Reader, event: Event) -> int:
    """Which of its kind this move was on its case."""
    before = {**history_of(event.subject), "type": event.type, "seq": {"$lte": event.seq}}
    return await reader.count(EVENTS, before, limit=100)


def _basis(paper: Paper, ordinal: int, event: Event, case: Case, filed: Filed, item: Body) -> Basis:
    notice = filed.notices[ordinal - 1] if paper.each and len(filed.notices) >= ordinal else NoticeFiled()
    return Basis(
        name=case.resident_name,
        who=_who(case, filed),
        item=item.name,
        level=item.level,
        applied_at=filed.submitted_at or case.created_at,
        result_name=item.result_name,
        payment=item.result == "payment",
        legal_days=0 if item.instant else item.legal_days,
        promised_days=0 if item.instant else item.promised_days,
        outside=[items.words.STEPS[one.name] for one in item.steps if one.outside_limits],
        deemed=filed.deemed or event.type == "approval.deem",
        lines=notice.lines if paper.each else list(_received(filed, item)),
        note=notice.note,
        until=f"{said_day(day_of(notice.until))} {clock_time(notice.until)}" if notice.until else "",
        ground=filed.ground,
        reason=filed.reason or event.data.get("reason", ""),
        opinion=filed.opinion,
        delivery=items.words.DELIVERIES[filed.delivery] if filed.delivery else "",
        form=dict(_answers(filed, item)) if paper.name == "certificate" else {},
    )


def _who(case: Case, filed: Filed) -> str:
    for name in IDENTITY:
        number = filed.form.get(name)
        if isinstance(number, str) and number:
            return f"身份证件号码：{masked_identity(number)}"
    return f"手机号：{masked(case.phone)}" if case.phone else ""


def _answers(filed: Filed, item: Body) -> Iterable[tuple[str, str]]:
    """What a certificate says beside the name: the answers that had to be given, but no yes and no."""
    for field in item.fields:
        asked = field.required and field.type != "yes_no" and field.name not in NOT_SHOWN
        if asked and field.name in filed.form:
            yield field.label, items.words.answer_text(field, filed.form[field.name])


def _received(filed: Filed, item: Body) -> Iterable[str]:
    """The materials that are there, as the list names them."""
    there = {one.key for one in filed.materials if one.files or one.paper}
    return (one.name for one in item.materials if one.key in there)
