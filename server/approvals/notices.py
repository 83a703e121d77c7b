"""What the staff are told: who has a case to take up, to go on with, to sign, to decide or to hand over."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from server import places, staff_push
from server.approvals import colleagues, delegations
from server.approvals.details import Approval
from server.approvals.kind import APPROVAL
from server.approvals.way import DECISION, STEPS
from server.approvals.words import NAMES
from server.cases import CASES, Case
from server.kit.db import Reader, Tx
from server.kit.events import Event, on
from server.staff_push import Ask, Word

Whom = Callable[[Reader, Event, Case, Approval], Iterable[str]]
_ARRIVES = frozenset({*STEPS, DECISION, "pre_review"})
_LONGEST_REASON = 100


class Row(Struct, frozen=True):
    """`text` may name what, place, step and reason; `card` is the row of the card table with the buttons."""

    action: str
    whom: Whom
    title: str
    text: str
    card: str = ""


def _part(reader: Reader, case: Case, role: str) -> list[str]:
    return [one.id for one in colleagues.with_part(reader, case, role)]


def window(reader: Reader, event: Event, case: Case, approval: Approval) -> list[str]:
    return _part(reader, case, "clerk")


def whose(reader: Reader, event: Event, case: Case, approval: Approval) -> list[str]:
    """Who has it, and who stands in for them; else all whose step it is."""
    if case.handler_id is None:
        return _part(reader, case, approval.role) if approval.role else []
    return [case.handler_id, *delegations.deputies_of(reader, case.handler_id)]


def signers(reader: Reader, event: Event, case: Case, approval: Approval) -> list[str]:
    return [one.userid for one in approval.signers[-1:]]


def copied(reader: Reader, event: Event, case: Case, approval: Approval) -> list[str]:
    return [one.userid for one in approval.copies[-1:]]


def in_charge(reader: Reader, event: Event, case: Case, approval: Approval) -> list[str]:
    return [case.handler_id] if case.handler_id else []


def deliverers(reader: Reader, event: Event, case: Case, approval: Approval) -> list[str]:
    return [] if approval.delivery == "electronic" else _part(reader, case, "clerk")


ROWS = (
    Row("submit", window, "新的申请", "{place}，{what}，请收下办理"),
    Row("resubmit", in_charge, "材料补好了", "{place}，{what}，请接着看"),
    Row("allow_second", in_charge, "同意再补正", "{what}，可以再发一次补正通知。{reason}"),
    Row("hand_to", whose, "转交给您", "{place}，{what}，{step}。{reason}"),
    Row("add_signer", signers, "请您加签", "{place}，{what}。{reason}"),
    Row("copy", copied, "抄送给您", "{place}，{what}，{step}。{reason}"),
    Row("object", whose, "有人提异议", "{place}，{what}公示中，请核实后答复"),
    Row("send_back", whose, "退回重办", "{place}，{what}，退回到{step}：{reason}"),
    Row("withdraw", in_charge, "申请撤回", "{place}，{what}，不用再办了"),
    Row("grant", deliverers, "请送达", "{place}，{what}已准予，请把结果交给居民"),
    Row("grant_now", deliverers, "请送达", "{place}，{what}已准予，请把结果交给居民"),
    Row("deny", deliverers, "请送达", "{place}，{what}没有准予，请把决定书交给居民"),
)
_ARRIVED = Row("", whose, "轮到您办", "{place}，{what}，{step}", card="trouble")


@on("approval.*")
async def tell_staff(tx: Tx, event: Event) -> None:
    """Tell those whom this step concerns; of a step that has been left since, nobody."""
    case = await tx.get(CASES, event.subject)
    if case is None:
        return
    rows = [one for one in ROWS if one.action == event.data["action"]]
    arrived = event.data["target"] in _ARRIVES and event.data["target"] != event.data["source"]
    if not rows and arrived and case.state == event.data["target"]:
        rows = [_ARRIVED]
    approval: Approval = APPROVAL.details_of(case)
    for row in rows:
        people = dict.fromkeys(row.whom(tx, event, case, approval))
        await staff_push.send_all(tx, event, people, _word(tx, event, case, approval, row))


def _word(reader: Reader, event: Event, case: Case, approval: Approval, row: Row) -> Word:
    text = row.text.format(
        place=places.name_of(reader, case.compound_id) or "本街道",
        what=f"“{approval.item}”",
        step=NAMES.get(case.state, ""),
        reason=str(event.data.get("reason") or "")[:_LONGEST_REASON],
    )
    takes = row.card and case.handler_id is None
    ask = Ask(card=row.card, case_no=case.id, version=event.seq) if takes else None
    return Word(title=row.title, text=text, page=f"/console/cases/{case.id}", case_no=case.id, ask=ask)
