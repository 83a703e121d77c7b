"""What the agents are told about an order: each step has its row."""

from msgspec import Struct

from server import staff, staff_push
from server.cases import CASES, Case
from server.catalogue import yuan
from server.kit.db import Reader, Tx
from server.kit.events import Event, on
from server.staff_push import Word
from server.tickets.details import Ticket
from server.tickets.kind import TICKET
from server.tickets.words import route
from server.words import clock_time, said


class Row(Struct, frozen=True):
    """`text` may name trip, number, until, reason and amount; `to` is the state that the step leads to, any when empty;
    `above`: the dispatchers hear of it, too."""

    action: str
    title: str
    text: str
    to: str = ""
    above: bool = False


ROWS = (
    Row("submit", "新的订票", "{trip}，{number} 人。请在 {answer} 前报价"),
    Row("refuse_quote", "居民想换车次", "{trip}，请重新报价"),
    Row("raise_ceiling", "居民提高了最高价", "{trip}，现在每张最多 {ceiling} 元"),
    Row("buy", "已付款，请买票", "{trip}，{number} 人。最晚 {until}"),
    Row("pay_cash", "已付款，请买票", "{trip}，{number} 人。最晚 {until}", to="buying"),
    Row("watch", "订票超时没报价", "{trip}，请催办", to="submitted", above=True),
    Row("watch", "购票截止快到了", "{trip}，最晚 {until}，到时没有结果就全部退款", to="buying", above=True),
    Row("watch", "到截止没有买票", "{trip}，已全部退款", to="failed", above=True),
    Row("cancel", "订票取消", "{trip}，不用办了"),
    Row("ask_change", "居民要改签", "{trip}，请找车次"),
    Row("accept_change", "居民同意改签", "{trip}，请去改签", to="rebooking"),
    Row("change_paid", "已付改签差价", "{trip}，请去改签"),
    Row("pay_cash", "已付改签差价", "{trip}，请去改签", to="rebooking"),
    Row("confirm_refund", "居民确认退票", "{trip}，请去退票"),
)


def agents(reader: Reader, case: Case) -> list[str]:
    """Who has it in charge, else the agency's people, else the street's."""
    if case.handler_id is not None and staff.name_of(reader, case.handler_id) != case.handler_id:
        return [case.handler_id]
    role = "provider" if case.provider_id else "dispatcher"
    return _with(reader, role, case.provider_id)


def _with(reader: Reader, role: str, provider_id: str | None) -> list[str]:
    everybody = reader.everything(staff.STAFF).items.values()
    return sorted(
        one.id
        for one in everybody
        if one.active and any(it.role == role and it.provider_id == provider_id for it in one.grants)
    )


@on("ticket.*")
async def tell_agents(tx: Tx, event: Event) -> None:
    """Tell those whom this step concerns."""
    data = event.data
    rows = [one for one in ROWS if one.action == data["action"] and one.to in ("", data["target"])]
    case = await tx.get(CASES, event.subject) if rows else None
    for row in rows if case is not None else ():
        assert case is not None
        whom = agents(tx, case) + (_with(tx, "dispatcher", None) if row.above else [])
        await staff_push.send_all(tx, event, whom, _word(case, row))


def _word(case: Case, row: Row) -> Word:
    ticket: Ticket = TICKET.details_of(case)
    text = row.text.format(
        trip=route(ticket),
        number=len(ticket.passengers),
        answer=clock_time(ticket.answer_by),
        until=said(ticket.buy_by),
        ceiling=yuan(ticket.ceiling_fen),
    )
    return Word(title=row.title, text=text, page=f"/console/cases/{case.id}", case_no=case.id)
