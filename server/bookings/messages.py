"""What a resident is told about a booking, and when."""

from msgspec import Struct
from msgspec.structs import replace

from schemas.push import Importance
from server import push, residents, staff
from server.bookings import codes
from server.bookings.details import Booking
from server.bookings.kind import BOOKING
from server.cases import CASES, Case
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Notice, Template

_USUAL = {
    "thing1": "service",
    "character_string2": "case_no",
    "time3": "time",
    "phrase4": "state",
    "thing5": "tip",
}
_VISIT = {
    "thing1": "service",
    "name2": "worker",
    "time3": "time",
    "character_string4": "code",
    "thing5": "tip",
}

SUBMITTED = Template("booking_submitted", "预约提交通知", "submit", _USUAL, topic="visits")
CONFIRMED = Template("booking_confirmed", "预约确认通知", "submit", _USUAL, topic="visits")
ASSIGNED = Template("booking_assigned", "上门人员通知", "submit", _VISIT, topic="visits", importance="high")
STARTED = Template("booking_started", "服务开始通知", "visit", _USUAL, topic="visits")
QUOTED = Template("booking_quoted", "报价通知", "quote", _USUAL, topic="visits", importance="high")
DONE = Template("booking_done", "服务完成通知", "visit", _USUAL, topic="visits")
CHANGED = Template("booking_changed", "预约变更通知", "visit", _USUAL, topic="visits", importance="high")


class Told(Struct, frozen=True):
    """`tip` is the platform's line of at most 20 characters; the inbox has the whole sentence. `importance` where it is
    not the template's own."""

    template: Template
    state: str
    tip: str
    importance: Importance | None = None


TEMPLATES: dict[str, Told] = {
    "submit": Told(SUBMITTED, "已提交", "商家答复后会再通知您"),
    "confirm": Told(CONFIRMED, "已确认", "正在为您安排师傅"),
    "assign": Told(ASSIGNED, "已派人", "师傅到门口时请念口令"),
    "assign_usual": Told(ASSIGNED, "已派人", "师傅到门口时请念口令"),
    "take": Told(ASSIGNED, "已派人", "师傅到门口时请念口令"),
    "start": Told(STARTED, "服务中", "有问题请随时联系我们"),
    "finish": Told(DONE, "已完成", "请看看是否满意"),
    "reject": Told(CHANGED, "未接单", "可以换个时间或商家"),
    "cancel": Told(CHANGED, "已取消", "需要时可以重新预约"),
    "expire": Told(CHANGED, "已过期", "没有提交，可重新预约", "normal"),
    "quote": Told(QUOTED, "等您决定", "请看报价，同意才算约好"),
    "requote": Told(QUOTED, "等您决定", "师傅改了报价，请看看"),
    "withdraw_quote": Told(CHANGED, "报价收回", "原来的报价不算了", "normal"),
    "lapse": Told(CHANGED, "报价过期", "没有答复，可重新预约", "normal"),
    "accept_quote": Told(CONFIRMED, "已同意", "按您同意的价格收费"),
    "refuse_quote": Told(CHANGED, "没同意", "您没有同意这个报价", "normal"),
    "reschedule": Told(CHANGED, "已改约", "请看新的上门时间"),
    "uphold": Told(CHANGED, "维持爽约", "街道核实后维持原记录", "normal"),
    "overturn": Told(CHANGED, "申诉成立", "爽约记录已撤销", "normal"),
    "decline": Told(CHANGED, "换师傅", "正在为您另派师傅"),
    "no_show": Told(CHANGED, "无人在", "如有误会请联系街道"),
    "transfer": Told(CHANGED, "换商家", "街道为您换了一家商家"),
    "call_off": Told(CHANGED, "街道取消", "不收费，可以换一家预约"),
    "hold_up": Told(CHANGED, "待安排", "街道正在为您另找商家"),
    "go_on": Told(CHANGED, "照常", "原来约好的照常上门"),
    "settle": Told(CHANGED, "已处理", "争议已处理完毕", "normal"),
}

_GUESSED = Told(CHANGED, "请当心", "开始口令被输错多次", "urgent")


@on("booking.*")
async def tell(tx: Tx, event: Event) -> None:
    """Tell the resident of a step that matters to them, unless it was their own cancellation."""
    told = TEMPLATES.get(event.data["action"])
    case = await tx.get(CASES, event.subject)
    if told is None or case is None or case.resident_id is None:
        return
    if event.data["action"] == "cancel" and event.by["kind"] == "resident":
        return
    resident = await residents.find(tx, case.resident_id)
    booking: Booking = BOOKING.details_of(case)
    text = _text(tx, case, booking, event)
    payload = _payload(tx, case, booking, told)
    page = f"packages/cases/pages/case/index?case_no={case.id}"
    notice = Notice(text=text, payload=payload, page=page, case_no=case.id, importance=told.importance)
    await push.send(tx, event, resident, told.template, notice)


@on(codes.LOCKED)
async def warn(tx: Tx, event: Event) -> None:
    """Somebody guesses the start code: the resident is to know before anybody is let in."""
    case = await tx.get(CASES, event.data["case_no"])
    if case is None or case.resident_id is None or case.kind != BOOKING.name:
        return
    resident = await residents.find(tx, case.resident_id)
    booking: Booking = BOOKING.details_of(case)
    page = f"packages/cases/pages/case/index?case_no={case.id}"
    text = codes.warning(booking, event.at) or "有人把开始口令输错了好几次"
    notice = Notice(
        text=text,
        payload=_payload(tx, case, booking, _GUESSED),
        page=page,
        case_no=case.id,
        importance=_GUESSED.importance,
    )
    await push.send(tx, event, resident, CHANGED, notice)


def _text(tx: Tx, case: Case, booking: Booking, event: Event) -> str:
    """The sentence of the step itself, though the case may have moved on since."""
    then = replace(case, state=event.data["target"])
    sentence = BOOKING.sentence(tx, then, booking, frozenset({"resident"}))
    reason = event.data.get("reason")
    return f"{sentence}（{reason}）" if reason else sentence


def _payload(tx: Tx, case: Case, booking: Booking, told: Told) -> dict[str, str]:
    worker = tx.recall(staff.STAFF, case.worker_id) if case.worker_id else None
    return {
        "service": booking.service,
        "case_no": case.id,
        "time": f"{booking.start.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "state": told.state,
        "tip": told.tip,
        "worker": worker.name if worker else "师傅",
        "code": booking.start_code,
    }
