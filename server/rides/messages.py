"""What a passenger is told about a ride, and when; and what dispatchers have to know."""

from msgspec.structs import replace

from server import staff, staff_push
from server.cases import CASES
from server.cases.notices import KEYS, Word, tell
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Template
from server.rides.acts import CODE
from server.rides.details import Ride
from server.rides.kind import RIDE
from server.start_codes import LOCKED

CHANGED = Template("ride_changed", "用车进展通知", "ride", KEYS, topic="rides", importance="urgent")

_WORDS = {
    "begin": Word("找车中", "约好的车，开始为您找了", "normal"),
    "accept": Word("司机来了", "请看车牌，上车时念口令"),
    "assign": Word("司机来了", "请看车牌，上车时念口令"),
    "arrive": Word("司机已到", "请看车牌，上车时念口令"),
    "give_up": Word("换司机", "正在为您另找一辆车"),
    "lost": Word("换司机", "正在为您另找一辆车"),
    "nobody": Word("没有车", "可以再叫一次或打电话"),
    "no_show": Word("没等到", "如有误会请联系街道", "normal"),
    "complete": Word("已到达", "请看车费", "normal"),
    "cancel": Word("已取消", "需要时可以再叫车"),
    "drop": Word("已取消", "车票没办成，车也取消了"),
}
_DISPATCHER = {
    "out_of_sight": ("行程中失去位置", "请打电话给司机核对"),
    "lost": ("司机失去联系", "已另找司机，请打电话核对"),
    "nobody": ("没有找到车", "请联系乘客"),
}


@on("ride.*")
async def tell_passenger(tx: Tx, event: Event) -> None:
    """Each step that matters, unless it was their own cancellation."""
    action = event.data["action"]
    case = await tx.get(CASES, event.subject)
    own = action == "cancel" and event.by["kind"] == "resident"
    if case is None or action not in _WORDS or own:
        return
    ride: Ride = RIDE.details_of(case)
    then = replace(case, state=event.data["target"])
    text = RIDE.sentence(tx, then, ride, frozenset({"resident"}))
    await tell(tx, event, case, CHANGED, _WORDS[action], text)


@on("ride.*")
async def tell_dispatchers(tx: Tx, event: Event) -> None:
    told = _DISPATCHER.get(event.data["action"])
    case = await tx.get(CASES, event.subject) if told else None
    if told is None or case is None:
        return
    title, text = told
    word = staff_push.Word(
        title=title, text=f"{case.title}，{text}", page=f"/console/cases/{case.id}", case_no=case.id
    )
    await staff_push.send_all(tx, event, _dispatchers(tx), word)


@on("ride.cancel", "ride.drop")
async def tell_driver(tx: Tx, event: Event) -> None:
    """Who was on the way need not come."""
    case = await tx.get(CASES, event.subject)
    if case is not None and case.worker_id is not None:
        word = staff_push.Word(title="乘客取消了", text=f"{case.title}，您不用去了", case_no=case.id)
        await staff_push.send(tx, event, case.worker_id, word)


@on(LOCKED)
async def warn(tx: Tx, event: Event) -> None:
    """Somebody guesses the code: the passenger is to know before anybody is let in."""
    case = await tx.get(CASES, event.data["case_no"])
    if case is None or case.kind != RIDE.name:
        return
    text = CODE.warning(RIDE.details_of(case), event.at) or "有人把乘车口令输错了好几次"
    await tell(tx, event, case, CHANGED, Word("请当心", "乘车口令被输错多次"), text)


def _dispatchers(tx: Tx) -> list[str]:
    members = tx.everything(staff.STAFF).items.values()
    return sorted(one.id for one in members if one.is_("dispatcher"))
