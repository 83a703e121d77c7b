"""A second person is needed: those who keep the books are told, but not whoever has just done the first part."""

from server import staff_push
from server.kit.db import Reader, Tx
from server.kit.events import Event, emit, on
from server.points import yuan
from server.sessions import SYSTEM
from server.settlements.stored import DIFFERENCE_KINDS, RESOLUTIONS, Answer, Difference, Receipt
from server.staff import STAFF, Staff
from server.staff_push import Word

_BATCH = "/console/settlements/{}"


def _said(tx: Tx, what: str, subject: str, time: int, by: str, **data: str) -> None:
    """`time` tells this one from another time that the same has happened to it."""
    emit(
        tx,
        Event(
            id=f"settlement-{subject}.{what}.{time}",
            type=f"settlement.{what}",
            subject=subject,
            seq=time,
            at=tx.now,
            by={"kind": SYSTEM.kind if by == SYSTEM.id else "staff", "id": by, "name": "", "role": ""},
            channel="system" if by == SYSTEM.id else "console",
            data=dict(data),
        ),
    )


def compared(tx: Tx, answer: Answer) -> None:
    wrong = sum(count for verdict, count in answer.counts.items() if verdict != "matched")
    text = f"{answer.batch_id} 的回执已比对：邮政认 {yuan(answer.sum_fen)} 元，{wrong} 笔不一致，等另一位同事确认"
    page = _BATCH.format(answer.batch_id)
    _said(tx, "compared", answer.id, answer.fence, SYSTEM.id, title="邮政回执待确认", text=text, page=page)


def money_entered(tx: Tx, receipt: Receipt) -> None:
    text = f"{receipt.batch_id} 登记到账 {yuan(receipt.amount_fen)} 元，流水 {receipt.reference}"
    page = _BATCH.format(receipt.batch_id)
    _said(tx, "money", receipt.id, 1, receipt.by, title="到账待确认", text=text, page=page)


def proposed(tx: Tx, one: Difference) -> None:
    how = RESOLUTIONS[one.how] if one.how else ""
    text = f"{one.batch_id} {DIFFERENCE_KINDS[one.kind]} {yuan(abs(one.fen))} 元：{how}。{one.reason}"
    page = f"/console/settlements/differences/{one.id}"
    _said(tx, "proposed", one.id, one.version, one.proposed_by, title="差错处理待复核", text=text, page=page)


@on("settlement.compared", "settlement.money", "settlement.proposed")
async def call(tx: Tx, event: Event) -> None:
    """Whoever can do the second part."""
    told = event.data
    word = Word(title=told["title"], text=told["text"], page=told["page"])
    await staff_push.send_all(tx, event, [one.id for one in bookkeepers(tx)], word)


def bookkeepers(reader: Reader) -> list[Staff]:
    """Accountants and administrators, by name."""
    everybody = reader.everything(STAFF).items.values()
    found = (one for one in everybody if one.is_("accountant") or one.is_("admin"))
    return sorted(found, key=lambda one: (one.name, one.id))
