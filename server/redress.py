"""Putting right 差评整改: what a low rating of a public service sets going.

Somebody who had no hand in the rated case asks what was wrong and says what came of it; the resident hears that and may
object once, and then a second person looks at it, whose answer ends it. Five working days are for what is simple; what
is complicated may take up to fifteen, with the reason, once. Services that a provider gives have the shorter way of
server/followups.py, and complaints beside it.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from schemas.followups import NoteCall
from schemas.redress import OUTCOMES, Answer, Object, Recheck, RedressDetails, TakeLonger
from server import clocks, followups, ratings, staff, staff_push
from server.budgets import ANSWER, PROMISED, Budget, Extension
from server.cases import CASES, Act, Case, Kind, Promise, beside, open_case
from server.cases.claims import NAME, claim
from server.cases.notices import Word, tell
from server.cases.numbers import sibling
from server.config import Settings
from server.followups import Call, TooFewCalls
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Forbidden
from server.kit.events import EVENTS, Event, history_of, on
from server.kit.flow import Action, Flow, NoFields, Row, State
from server.ratings import LEVELS, Rating
from server.sessions import SYSTEM


class OwnCaseRated(Forbidden):
    """居民评价的是您经办的事，要由别的同事来核实"""


class TookLongerBefore(Conflict):
    """已经按复杂情况延长过，不能再延长"""


class SecondPersonNeeded(Forbidden):
    """复核要由没有经手过的另一位同事来做"""


_MOST_STEPS = 500


class Objection(Struct, frozen=True):
    at: datetime
    text: str


class Finding(Struct, frozen=True):
    """What the second person found."""

    at: datetime
    upheld: bool
    note: str


class Redress(Struct, kw_only=True):
    """Stored details. `about` is the number of the rated case, `served` are the ids of the staff who had a hand in it.
    `reason` says why it takes longer; `hands` are the ids of those who called or gave the first answer."""

    about: str
    about_title: str
    phone: str
    stars: int
    tags: list[str]
    text: str
    served: list[str]
    calls: list[Call] = []
    reason: str = ""
    outcome: str = ""
    note: str = ""
    hands: list[str] = []
    objection: Objection | None = None
    finding: Finding | None = None


def _by_another(act: Act) -> None:
    """Raises OwnCaseRated."""
    if act.actor.id in act.details.served:
        raise OwnCaseRated


async def _claim(act: Act) -> None:
    """Raises OwnCaseRated, AlreadyClaimed."""
    _by_another(act)
    await claim(act)


async def _call(act: Act) -> None:
    """Whoever calls has the case from then on. Raises OwnCaseRated."""
    _by_another(act)
    act.details.calls = [*act.details.calls, Call(act.tx.now, act.actor.name, act.form.note)]
    _has_it(act)


async def _take_longer(act: Act) -> None:
    """Raises OwnCaseRated, TookLongerBefore."""
    _by_another(act)
    clock = act.case.clocks[PROMISED]
    more = act.rules.followups.complex_working_days - clock.total
    if act.details.reason or more <= 0:
        raise TookLongerBefore
    by, why = act.actor.key, act.form.reason
    clocks.extend(
        act.tx, act.case, PROMISED, Extension(at=act.tx.now, amount=more, approver=by, asker=by, reason=why)
    )
    act.details.reason = why


async def _answer(act: Act) -> None:
    """Raises OwnCaseRated, TooFewCalls."""
    _by_another(act)
    needed = act.rules.followups.calls
    if act.form.outcome == "unreachable" and len(act.details.calls) < needed:
        raise TooFewCalls(f"至少打过 {needed} 次才能按“联系不上”结束，请换个时间再打", field="outcome")
    act.details.outcome, act.details.note = act.form.outcome, act.form.note
    _has_it(act)


def _has_it(act: Act) -> None:
    act.case.handler_id = act.actor.id
    act.details.hands = sorted({*act.details.hands, act.actor.id})


async def _object(act: Act) -> None:
    act.details.objection = Objection(act.tx.now, act.form.text)
    act.case.handler_id = None


def _by_a_second(act: Act) -> None:
    """Raises SecondPersonNeeded."""
    if act.actor.id in {*act.details.hands, *act.details.served}:
        raise SecondPersonNeeded


async def _claim_again(act: Act) -> None:
    """Raises SecondPersonNeeded, AlreadyClaimed."""
    _by_a_second(act)
    await claim(act)


async def _recheck(act: Act) -> None:
    """Raises SecondPersonNeeded."""
    _by_a_second(act)
    act.details.finding = Finding(act.tx.now, act.form.upheld, act.form.note)
    act.case.handler_id = act.actor.id


async def _take(act: Act) -> None:
    await (_claim_again if act.source == "objected" else _claim)(act)


_DESK = frozenset({"operator", "dispatcher"})
_SECOND = frozenset({"reviewer", "admin"})
_RESIDENT = frozenset({"resident"})
_SYSTEM = frozenset({"system"})

FLOW = Flow(
    (
        State("opened", "待核实", "new"),
        State("called", "核实整改中", "active"),
        State("answered", "等居民确认", "wait", timer="seal"),
        State("objected", "复核中", "active"),
        State("closed", "已办结", "done", final=True),
    ),
    (
        Action("open", "生成整改"),
        Action(NAME, "我来核实", NoFields, _take),
        Action("call", "记录通话", NoteCall, _call),
        Action("answer", "答复居民", Answer, _answer),
        Action("take_longer", "情况复杂，延长时限", TakeLonger, _take_longer),
        Action("agree", "没有意见"),
        Action("object", "对结果有意见", Object, _object),
        Action("recheck", "作出复核", Recheck, _recheck),
        Action("seal", "到期办结"),
    ),
    (
        Row(Flow.OPENING, "open", "opened", _SYSTEM),
        Row("opened", NAME, "opened", _DESK),
        Row("opened", "call", "called", _DESK),
        Row("opened", "take_longer", "opened", _DESK),
        Row("called", "answer", "answered", _DESK),
        Row("called", "call", "called", _DESK),
        Row("called", "take_longer", "called", _DESK),
        Row("answered", "agree", "closed", _RESIDENT),
        Row("answered", "object", "objected", _RESIDENT | {"operator"}),
        Row("answered", "seal", "closed", _SYSTEM),
        Row("objected", "recheck", "closed", _SECOND),
        Row("objected", NAME, "objected", _SECOND),
    ),
)


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    """Of the state that no clock times."""
    if act.target == "answered":
        return act.tx.now + timedelta(days=act.rules.followups.objection_days), None
    return None, None


def _sentence(reader: Reader, case: Case, details: Redress, mine: frozenset[str]) -> str:
    theirs, about = "resident" in mine, details.about_title
    match case.state:
        case "opened" if theirs:
            return f"您对“{about}”不满意，我们会打电话向您了解情况"
        case "opened":
            return f"居民对“{about}”{LEVELS[details.stars]}，请打电话核实"
        case "called" if theirs:
            return f"关于“{about}”，我们正在核实和整改"
        case "called":
            return f"已打过 {len(details.calls)} 次电话，核实清楚后请答复居民"
        case "answered" if theirs:
            return f"处理结果：{OUTCOMES[details.outcome]}。{_ended(details.note)}您还有意见，可以再提一次"
        case "answered":
            return f"已答复居民：{OUTCOMES[details.outcome]}，等居民确认"
        case "objected" if theirs:
            return "您的意见收到了，由另一位同事复核"
        case "objected":
            return "居民对处理结果有意见，请没有经手过的同事复核"
        case "closed" if theirs and details.finding is not None:
            return f"已办结：{_end(details)}。{details.finding.note}"
    return f"已办结：{_end(details)}"


def _ended(text: str) -> str:
    return text if text.endswith(("。", "！", "？")) else f"{text}。"


def _end(details: Redress) -> str:
    if details.finding is None:
        return OUTCOMES.get(details.outcome, "")
    return "居民的意见成立，按复核意见处理" if details.finding.upheld else "复核后维持原来的处理"


def _show(reader: Reader, case: Case, details: Redress, mine: frozenset[str]) -> RedressDetails:
    finding, among_us = details.finding, bool(mine - {"resident", "proxy"})
    return RedressDetails(
        about=details.about,
        about_title=details.about_title,
        phone=details.phone,
        stars=details.stars,
        level=LEVELS[details.stars],
        tags=details.tags,
        text=details.text,
        calls_made=len(details.calls),
        calls=[one.note or "（没有记录）" for one in details.calls] if among_us else [],
        longer=details.reason,
        outcome=details.outcome,
        outcome_text=OUTCOMES.get(details.outcome, ""),
        note=details.note,
        objection=details.objection.text if details.objection else "",
        recheck_text=_end(details) if finding else "",
        recheck=finding.note if finding else "",
    )


REDRESS = Kind(
    name="redress",
    text="差评整改",
    prefix="CP",
    flow=FLOW,
    details=Redress,
    deadlines=_deadlines,
    sentence=_sentence,
    show=_show,
    unassigned=frozenset({"opened", "objected"}),
    promises=(
        Promise(
            PROMISED, frozenset({"opened", "called"}), lambda rules: Budget(rules.followups.working_days)
        ),
        Promise(ANSWER, frozenset({"objected"}), lambda rules: Budget(rules.followups.recheck_working_days)),
    ),
    proxy_scope="approvals",
    most_more=lambda reader, case, name: 0,
)


async def follow_up(tx: Tx, case: Case, rating: Rating, rules: Settings) -> Case:
    """What a low rating opens, in the transaction of the rating: by the kind of case this, or a call."""
    if ratings.dimensions()[case.kind].put_right:
        return await _open(tx, case, rating, rules)
    return await followups.open_for(tx, case, rating, rules)


async def _open(tx: Tx, case: Case, rating: Rating, rules: Settings) -> Case:
    """Its number is the rated case's with other letters: there can be only one."""
    number = sibling(case.id, REDRESS.prefix)
    known = await tx.get(CASES, number)
    if known is not None:
        return known
    steps = await tx.all(EVENTS, history_of(case.id), limit=_MOST_STEPS)
    details = Redress(
        about=case.id,
        about_title=case.title,
        phone=case.phone,
        stars=rating.stars,
        tags=rating.tags,
        text=rating.text,
        served=sorted({one.by["id"] for one in steps if one.by["kind"] == "staff"}),
    )
    opened = beside(case, REDRESS, number, SYSTEM, "system", tx.now)
    return await open_case(tx, opened, details, REDRESS, "open", SYSTEM, rules)


_WORDS = {
    "open": Word("待核实", "工作人员会打电话给您"),
    "take_longer": Word("核实中", "情况复杂，要多些时间"),
    "answer": Word("已答复", "点开看结果，有意见可再提"),
    "object": Word("复核中", "由另一位同事复核"),
    "recheck": Word("已办结", "点开看复核意见"),
}


def _text(action: str, details: Redress, days: int) -> str:
    about = details.about_title
    match action:
        case "open":
            return f"您对“{about}”的评价我们看到了，工作人员会打电话向您了解情况"
        case "take_longer":
            return f"“{about}”的情况比较复杂，要多用些时间：{details.reason}"
        case "answer":
            said = f"“{about}”的处理结果：{OUTCOMES[details.outcome]}。{details.note}"
            return f"{said} 还有意见的，请在 {days} 天内再提一次，我们换人复核"
        case "object":
            return f"您对“{about}”处理结果的意见收到了，由没有经手过的同事复核"
    finding = details.finding.note if details.finding else ""
    return f"“{about}”的复核意见：{_end(details)}。{finding}"


@on("redress.*")
async def tell_resident(tx: Tx, event: Event) -> None:
    """That somebody will call, what came of it, and what came of their objection."""
    action = event.data["action"]
    word, case = _WORDS.get(action), await tx.get(CASES, event.subject)
    if word is None or case is None:
        return
    details: Redress = REDRESS.details_of(case)
    days = (case.timer_at - event.at).days if case.timer_at else 0
    await tell(tx, event, case, followups.CHANGED, word, _text(action, details, days))


@on("redress.open", "redress.object")
async def tell_staff(tx: Tx, event: Event) -> None:
    """Everybody who could see to it, but for those whom it is about; the first who takes it has it."""
    case = await tx.get(CASES, event.subject)
    if case is None:
        return
    details: Redress = REDRESS.details_of(case)
    again = event.data["action"] == "object"
    word = staff_push.Word(
        title="居民对处理结果有意见" if again else "居民不满意，请核实",
        text=f"居民对“{details.about_title}”{LEVELS[details.stars]}，请{'复核' if again else '打电话核实'}",
        page=f"/console/cases/{case.id}",
        case_no=case.id,
        ask=staff_push.Ask(card="unhappy", case_no=case.id, version=event.seq),
    )
    roles, members = _SECOND if again else _DESK, tx.everything(staff.STAFF).items.values()
    theirs = (one.id for one in members if any(grant.role in roles for grant in one.grants))
    await staff_push.send_all(tx, event, sorted(set(theirs) - {*details.hands, *details.served}), word)
