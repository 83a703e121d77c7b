"""What is shown of an entry, and how it is said."""

from datetime import date, datetime

from schemas.waitlist import FindWaitings, WaitingsView, WaitingView
from server import cases
from server.bookings.kind import said
from server.kit.clock import SHANGHAI
from server.kit.db import Reader
from server.sessions import Actor
from server.waitlist.entries import LONGEST, STATES, WAITLIST, Waiting, in_line

_WEEKDAYS = "一二三四五六日"


async def listed(reader: Reader, wanted: FindWaitings, actor: Actor) -> WaitingsView:
    """Mine, or for staff those in scope; newest first."""
    where = cases.theirs(actor, "bookings")
    if wanted.open is not None:
        where = {**where, "open": wanted.open}
    page = await reader.page(WAITLIST, where, sort="-joined_at", cursor=wanted.cursor, limit=wanted.limit)
    return WaitingsView(items=[await view(reader, one) for one in page.items], next=page.next)


async def view(reader: Reader, entry: Waiting) -> WaitingView:
    ahead = 0
    if entry.state == "waiting":
        ahead = await reader.count(
            WAITLIST, {**in_line(entry.day_id), "ticket": {"$lt": entry.ticket}}, limit=LONGEST
        )
    return WaitingView(
        id=entry.id,
        service_id=entry.service_id,
        service=entry.service,
        date=date.fromisoformat(entry.day),
        start=entry.start,
        when=when(entry),
        state=entry.state,
        state_text=STATES[entry.state],
        sentence=sentence(entry, ahead),
        ahead=ahead,
        case_no=entry.case_no,
        offer_until=entry.offer_until if entry.state == "offered" else None,
        joined_at=entry.joined_at,
        open=entry.open,
        resident_id=entry.resident_id,
        resident_name=entry.resident_name,
    )


def when(entry: Waiting) -> str:
    """The wish as people say it."""
    if entry.start is not None:
        return said(entry.start)
    day = date.fromisoformat(entry.day)
    return f"{day.month} 月 {day.day} 日 周{_WEEKDAYS[day.weekday()]} 全天"


def sentence(entry: Waiting, ahead: int) -> str:
    """Where things stand, to be read aloud."""
    match entry.state:
        case "waiting":
            before = f"前面还有 {ahead} 位" if ahead else "您排在第一位"
            return f"您在等 {when(entry)} 的“{entry.service}”，{before}，有空位会马上通知您"
        case "offered":
            return f"“{entry.service}”有空位了，给您留到 {_clock_time(entry.offer_until)}，请尽快提交"
        case "taken":
            return f"您已约上“{entry.service}”"
        case "declined":
            return "您放弃了这个空位，已让给下一位；还想要可以重新排队"
        case "lapsed":
            return "给您留的空位没有提交，已让给下一位；还想要可以重新排队"
        case "missed":
            return f"{when(entry)} 的“{entry.service}”没有等到空位，可以换个时间"
        case "refused":
            return f"轮到您了，但没能给您留号：{entry.reason}"
    return "您已退出候补"


def _clock_time(moment: datetime | None) -> str:
    return f"{moment.astimezone(SHANGHAI):%H:%M}" if moment else ""
