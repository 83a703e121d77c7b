"""Follow-up calls 回访: a low rating opens one, somebody calls, and it is closed with what came of it.

It is a case of its own, so that it has its clock, its history and its place in the inbox. The provider is not a part
of it: what the resident says on the phone is for the street.
"""

from datetime import datetime

from msgspec import Struct

from schemas.followups import OUTCOMES, CloseFollowup, FollowupDetails, NoteCall
from server import catalogue, staff, staff_push
from server.budgets import PROMISED, Budget
from server.cases import CASES, Act, Case, Kind, Promise, beside, open_case
from server.cases.claims import claim
from server.cases.notices import KEYS, Word, tell
from server.cases.numbers import sibling
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict
from server.kit.events import Event, on
from server.kit.flow import Action, Flow, NoFields, Row, State
from server.push import Template
from server.ratings import LEVELS, Rating
from server.sessions import SYSTEM


class TooFewCalls(Conflict):
    """还没有打够次数，请换个时间再打"""


class Call(Struct, frozen=True):
    at: datetime
    by: str
    note: str


class Followup(Struct, kw_only=True):
    """Stored details. `about` is the number of the rated case."""

    about: str
    about_title: str
    provider_id: str | None
    phone: str
    stars: int
    tags: list[str]
    text: str
    calls: list[Call] = []
    outcome: str = ""
    note: str = ""


async def _call(act: Act) -> None:
    """One more call that was made; whoever makes it has the case from then on."""
    act.details.calls = [*act.details.calls, Call(act.tx.now, act.actor.name, act.form.note)]
    act.case.handler_id = act.actor.id


async def _close(act: Act) -> None:
    """Raises TooFewCalls: nobody is given up after one call that was not answered."""
    needed = act.rules.followups.calls
    if act.form.outcome == "unreachable" and len(act.details.calls) < needed:
        raise TooFewCalls(f"至少打过 {needed} 次才能按“联系不上”结束，请换个时间再打", field="outcome")
    act.details.outcome, act.details.note = act.form.outcome, act.form.note
    act.case.handler_id = act.actor.id


_DESK = frozenset({"operator", "dispatcher"})

FLOW = Flow(
    (
        State("opened", "待回访", "new"),
        State("called", "已联系", "active"),
        State("closed", "已回访", "done", final=True),
    ),
    (
        Action("open", "生成回访"),
        Action("claim", "我来回访", NoFields, claim),
        Action("call", "记录通话", NoteCall, _call),
        Action("close", "结束回访", CloseFollowup, _close),
    ),
    (
        Row(Flow.OPENING, "open", "opened", frozenset({"system"})),
        Row("opened", "claim", "opened", _DESK),
        Row("opened", "call", "called", _DESK),
        Row("called", "close", "closed", _DESK),
        Row("called", "call", "called", _DESK),
    ),
)


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    """None of its states: the one clock runs from the opening to the end."""
    return None, None


def _sentence(reader: Reader, case: Case, details: Followup, mine: frozenset[str]) -> str:
    theirs = "resident" in mine
    match case.state:
        case "opened" if theirs:
            return f"您对“{details.about_title}”不满意，我们会打电话向您了解情况"
        case "opened":
            return f"居民对“{details.about_title}”{LEVELS[details.stars]}，请打电话了解情况"
        case "called" if theirs:
            return f"关于“{details.about_title}”，我们正在处理您反映的问题"
        case "called":
            return f"已打过 {len(details.calls)} 次电话，问题处理好后请填写结果"
    return f"回访结果：{OUTCOMES[details.outcome]}"


def _show(reader: Reader, case: Case, details: Followup, mine: frozenset[str]) -> FollowupDetails:
    provider = catalogue.provider_of(reader, details.provider_id or "")
    staff = bool(mine - {"resident"})
    return FollowupDetails(
        about=details.about,
        about_title=details.about_title,
        provider=provider.name if provider else "",
        phone=details.phone,
        stars=details.stars,
        level=LEVELS[details.stars],
        tags=details.tags,
        text=details.text,
        calls_made=len(details.calls),
        calls=[one.note or "（没有记录）" for one in details.calls] if staff else [],
        outcome=details.outcome,
        outcome_text=OUTCOMES.get(details.outcome, ""),
        note=details.note,
    )


FOLLOWUP = Kind(
    name="followup",
    text="回访",
    prefix="HF",
    flow=FLOW,
    details=Followup,
    deadlines=_deadlines,
    sentence=_sentence,
    show=_show,
    unassigned=frozenset({"opened"}),
    promises=(
        Promise(
            PROMISED, frozenset({"opened", "called"}), lambda rules: Budget(rules.followups.working_days)
        ),
    ),
    proxy_scope="bookings",
)


async def open_for(tx: Tx, case: Case, rating: Rating, rules: Settings) -> Case:
    """The follow-up of a rating, in the transaction of the rating. Its number is the rated case's with other letters:
    there can be only one, and whoever calls can read it off."""
    number = sibling(case.id, FOLLOWUP.prefix)
    known = await tx.get(CASES, number)
    if known is not None:
        return known
    details = Followup(
        about=case.id,
        about_title=case.title,
        provider_id=rating.provider_id,
        phone=case.phone,
        stars=rating.stars,
        tags=rating.tags,
        text=rating.text,
    )
    followup = beside(case, FOLLOWUP, number, SYSTEM, "system", tx.now)
    return await open_case(tx, followup, details, FOLLOWUP, "open", SYSTEM, rules)


CHANGED = Template("followup_changed", "回访进展通知", "rate", KEYS, topic="talks")

_WORDS = {
    "open": Word("待回访", "工作人员会打电话给您"),
    "close": Word("已回访", "点开看回访结果"),
}


@on("followup.*")
async def tell_resident(tx: Tx, event: Event) -> None:
    """That somebody will call, and what came of it."""
    word = _WORDS.get(event.data["action"])
    case = await tx.get(CASES, event.subject)
    if word is None or case is None:
        return
    details: Followup = FOLLOWUP.details_of(case)
    text = f"您对“{details.about_title}”的评价我们看到了，工作人员会打电话向您了解情况"
    if event.data["action"] == "close":
        text = f"“{details.about_title}”的回访结果：{OUTCOMES[details.outcome]}。{details.note}"
    await tell(tx, event, case, CHANGED, word, text)


@on("followup.open")
async def tell_desk(tx: Tx, event: Event) -> None:
    """Everybody who could call; the first who takes it has it."""
    case = await tx.get(CASES, event.subject)
    if case is None:
        return
    details: Followup = FOLLOWUP.details_of(case)
    word = staff_push.Word(
        title="居民不满意，请回访",
        text=f"居民对“{details.about_title}”{LEVELS[details.stars]}，请打电话了解情况",
        page=f"/console/cases/{case.id}",
        case_no=case.id,
        ask=staff_push.Ask(card="unhappy", case_no=case.id, version=event.seq),
    )
    members = tx.everything(staff.STAFF).items.values()
    desk = (one.id for one in members if any(grant.role in _DESK for grant in one.grants))
    await staff_push.send_all(tx, event, sorted(desk), word)
