"""What the staff are told about a booking: each step has its row, and whom it concerns hears of it in one line.

Nobody hears of what they did themselves (server/staff_push.py), nor twice of what they have not looked at yet.
"""

from collections.abc import Callable

from msgspec import Struct

from schemas.staff import Grant
from server import places, staff, staff_push
from server.bookings.codes import LOCKED
from server.bookings.details import Booking
from server.bookings.kind import BOOKING
from server.cases import CASES, Case
from server.kit.db import Reader, Tx
from server.kit.events import Event, on
from server.staff_push import Ask, Word
from server.talks import SAID
from server.words import clock_time, said

Whom = Callable[[Reader, Case, Event], list[str]]
_GIVEN = frozenset({"confirmed", "assigned", "en_route"})


class Row(Struct, frozen=True):
    """`text` may name when, place, service, reason, phone, total and until; `of` are the states the step came from,
    all of them when empty; `card` is the row of the card table with the buttons (server/cards/table.py)."""

    action: str
    whom: Whom
    title: str
    text: str
    of: frozenset[str] = frozenset()
    card: str = ""


def worker(reader: Reader, case: Case, event: Event) -> list[str]:
    """Who is to come, and was to come before this step already."""
    workers = event.data.get("workers")
    return [case.worker_id] if case.worker_id and workers is None else []


def given(reader: Reader, case: Case, event: Event) -> list[str]:
    """Whom this step gave the work."""
    after = event.data.get("workers", {}).get("after")
    return [after] if after else []


def taken(reader: Reader, case: Case, event: Event) -> list[str]:
    """From whom this step took it away."""
    before = event.data.get("workers", {}).get("before")
    return [before] if before else []


def managers(reader: Reader, case: Case, event: Event) -> list[str]:
    """Those who answer for the provider."""
    return _with_role(
        reader, lambda grant: grant.role == "provider" and grant.provider_id == case.provider_id
    )


def dispatchers(reader: Reader, case: Case, event: Event) -> list[str]:
    return _with_role(reader, lambda grant: grant.role == "dispatcher")


def _with_role(reader: Reader, fits: Callable[[Grant], bool]) -> list[str]:
    members = reader.everything(staff.STAFF).items.values()
    return sorted(one.id for one in members if one.active and any(fits(grant) for grant in one.grants))


def hosts(reader: Reader, case: Case, event: Event) -> list[str]:
    """Who hears what the resident says: who is to come, else those who answer for the provider."""
    return [case.worker_id] if case.worker_id else managers(reader, case, event)


ROWS = (
    Row("submit", managers, "新预约", "{when}，{place}，{service}。请在 {until} 前答复", card="answer"),
    Row(
        "accept_quote",
        managers,
        "居民同意报价",
        "{when}，{place}，{service}，可以派人了",
        frozenset({"quoted"}),
    ),
    Row("accept_quote", worker, "居民同意报价", "{service}，按新报价继续做", frozenset({"requoted"})),
    Row("accept_quote", managers, "居民同意新报价", "{when}，{place}，{service}", frozenset({"requoted"})),
    Row(
        "requote",
        managers,
        "师傅现场改报价",
        "{when}，{place}，{service}，新报价 {total} 元，等居民答复。原因：{reason}",
    ),
    Row("refuse_quote", managers, "居民没同意报价", "{when}，{place}，{service}"),
    Row("refuse_quote", worker, "居民没同意报价", "{service}，请看办件里怎么办", frozenset({"requoted"})),
    Row("assign", given, "新派单", "{when}，{place}，{service}。居民电话 {phone}", card="visit"),
    Row(
        "assign_usual",
        given,
        "新派单",
        "{when}，{place}，{service}，您上次去过。居民电话 {phone}",
        card="visit",
    ),
    Row("assign", taken, "派单取消", "{when}，{place}，{service}，已改派别人，您不用去了"),
    Row("decline", managers, "师傅退单", "{when}，{place}，{service}，请另派人。原因：{reason}"),
    Row("reschedule", worker, "改约", "{place}，{service}：{reason}", card="visit"),
    Row("reschedule", taken, "派单取消", "{place}，{service}：{reason}，您那时有别的活，不用去了"),
    Row("reschedule", managers, "居民改约", "{place}，{service}：{reason}", _GIVEN),
    Row(
        "reschedule",
        managers,
        "居民改约",
        "{place}，{service}：{reason}。请在 {until} 前答复",
        frozenset({"submitted"}),
        "answer",
    ),
    Row("cancel", worker, "预约取消", "{when}，{place}，{service}，您不用去了"),
    Row("cancel", managers, "预约取消", "{when}，{place}，{service}", _GIVEN),
    Row("transfer", taken, "派单取消", "{when}，{place}，街道转给了别家，您不用去了"),
    Row(
        "transfer", managers, "街道转来预约", "{when}，{place}，{service}。请在 {until} 前答复", card="answer"
    ),
    Row("hold_up", worker, "先别上门", "{when}，{place}，{service}，商家暂停服务，等街道安排"),
    Row("go_on", worker, "照常上门", "{when}，{place}，{service}，商家恢复了，照常上门"),
    Row("escalate", dispatchers, "商家超时没答复", "{when}，{place}，{service}，请催办", card="escalated"),
    Row("dispute", dispatchers, "居民有争议", "{place}，{service}：{reason}", card="trouble"),
    Row("appeal", dispatchers, "居民申诉", "{place}，{service}，对“上门无人”不服：{reason}", card="trouble"),
)
_MESSAGE = Row(SAID, hosts, "居民留言", "{when}，{place}，{service}，居民有新留言，请打开看")
_GUESSED = Row(
    LOCKED, dispatchers, "开始口令输错多次", "{when}，{place}，{service}，请打电话给师傅和居民核对"
)
_LONGEST_REASON = 100


@on("booking.*")
async def tell_staff(tx: Tx, event: Event) -> None:
    """Tell those whom this step concerns."""
    rows = [
        one
        for one in ROWS
        if one.action == event.data["action"] and (not one.of or event.data["source"] in one.of)
    ]
    case = await tx.get(CASES, event.subject) if rows else None
    if case is not None:
        for row in rows:
            await _tell(tx, event, case, row)


@on(SAID)
async def tell_of_message(tx: Tx, event: Event) -> None:
    """The resident has said something: one notice until it has been looked at, however much more they say."""
    case = await tx.get(CASES, event.data["case_no"])
    if event.data["side"] != "resident" or case is None or case.kind != BOOKING.name or not case.open:
        return
    for userid in hosts(tx, case, event):
        await staff_push.send_unless_waiting(tx, event, userid, _word(tx, event, case, _MESSAGE))


@on(LOCKED)
async def tell_of_guessing(tx: Tx, event: Event) -> None:
    case = await tx.get(CASES, event.data["case_no"])
    if case is not None and case.kind == BOOKING.name:
        await _tell(tx, event, case, _GUESSED)


async def _tell(tx: Tx, event: Event, case: Case, row: Row) -> None:
    await staff_push.send_all(tx, event, row.whom(tx, case, event), _word(tx, event, case, row))


def _word(reader: Reader, event: Event, case: Case, row: Row) -> Word:
    booking: Booking = BOOKING.details_of(case)
    text = row.text.format(
        when=said(booking.start),
        place=places.name_of(reader, case.compound_id) or "本街道",
        service=booking.service,
        reason=str(event.data.get("reason") or "没有写")[:_LONGEST_REASON],
        phone=booking.contact_phone,
        until=clock_time(case.promised_at),
        total=event.data.get("facts", {}).get("total", ""),
    )
    ask = _ask(event, case, booking, row) if row.card else None
    return Word(title=row.title, text=text, page=f"/console/cases/{case.id}", case_no=case.id, ask=ask)


def _ask(event: Event, case: Case, booking: Booking, row: Row) -> Ask:
    """Whoever answers agrees to the time that is written."""
    return Ask(card=row.card, case_no=case.id, version=event.seq, about=booking.start.isoformat())
