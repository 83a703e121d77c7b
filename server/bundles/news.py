"""A bundle hears of its parts, and its resident of what that means."""

from server import cases, staff_push
from server.bookings.notices import dispatchers
from server.bundles import parts
from server.bundles.kind import BUNDLE, sentence
from server.bundles.parts import Bundled, Part
from server.cases import CASES, Case
from server.cases.notices import KEYS, Word, tell
from server.config import Settings
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Template
from server.sessions import SYSTEM
from server.words import said

_NO_RULES = Settings()
"""Following the parts asks for no rule of the place: what holds for a bundle was put into its case."""

CHANGED = Template("bundle_changed", "一件事进展通知", "bundle", KEYS, topic="approvals")

_WORDS = {
    "order": Word("已受理", "点开看每一件办到哪里"),
    "attention": Word("等您决定", "有一件没办成，请您决定"),
    "lost": Word("有变化", "有一件没办成，其余照办"),
    "completed": Word("已办完", "点开看每一件的结果"),
    "cancelled": Word("已取消", "需要时可以重新办"),
    "go_on": Word("继续办", "其余的照常办"),
    "replace": Word("已重约", "点开看新的时间"),
}


@on("booking.*")
async def follow(tx: Tx, event: Event) -> None:
    """Whatever happened to a part, the bundle looks at all of them as they are now: told twice, or in another order,
    it finds nothing new."""
    part = await tx.get(CASES, event.subject)
    bundle = await tx.get(CASES, part.part_of) if part is not None and part.part_of else None
    if bundle is None or not bundle.open:
        return
    news = await parts.look(tx, BUNDLE.details_of(bundle))
    if news.changed:
        await cases.move(tx, bundle.id, "follow", {}, SYSTEM, "system", _NO_RULES)


@on("bundle.*")
async def tell_resident(tx: Tx, event: Event) -> None:
    """What was asked for, what failed and what can be done, and how it ended; not what they did with their own tap."""
    case = await tx.get(CASES, event.subject)
    what = _what(event)
    if case is None or what is None:
        return
    bundled: Bundled = BUNDLE.details_of(case)
    await tell(tx, event, case, CHANGED, _WORDS[what], _text(tx, case, bundled, event, what))


def _what(event: Event) -> str | None:
    """The word for it; None for what need not be told."""
    action, target = event.data["action"], event.data["target"]
    failed = event.data.get("facts", {}).get("failed")
    own = event.by["kind"] == "resident"
    match action:
        case "order":
            return "order"
        case "follow" if failed and target == "attention":
            return "attention"
        case "follow" if target in ("completed", "cancelled"):
            return target
        case "follow":
            return "lost" if failed else None
        case "cancel":
            return None if own else "cancelled"
    return None if own else action


def _text(tx: Tx, case: Case, bundled: Bundled, event: Event, what: str) -> str:
    names = event.data.get("facts", {}).get("failed", "").split(",")
    lost = "；".join(_lost(one) for one in bundled.parts if one.part in names)
    match what:
        case "attention":
            until = said(bundled.answer_by) if bundled.answer_by else ""
            free = "，取消其余的不收费" if bundled.free_because else ""
            hours = f"{until} 前没有答复，其余的照常办" if until else "其余的照常办"
            return f"“{bundled.name}”里，{lost}。您可以重新约、不等它，或其余全部取消{free}。{hours}"
        case "lost":
            return f"“{bundled.name}”里，{lost}。其余的照常办，想重新约请打开办件"
        case "go_on" if event.by["kind"] == "system":
            return (
                f"没有收到您的答复，“{bundled.name}”其余的照常办：{sentence(tx, case, bundled, frozenset())}"
            )
    return f"{bundled.name}：{sentence(tx, case, bundled, frozenset())}"


def _lost(part: Part) -> str:
    near = "、".join(said(one) for one in part.alternatives)
    return f"“{part.name}”没办成（{part.reason}）" + (f"，最近有空：{near}" if near else "")


@on("bundle.follow")
async def tell_dispatchers(tx: Tx, event: Event) -> None:
    """Somebody may want to ring up the resident before the time for answering is over."""
    case = await tx.get(CASES, event.subject)
    if case is None or _what(event) != "attention":
        return
    bundled: Bundled = BUNDLE.details_of(case)
    lost = "、".join(one.name for one in bundled.lacking) or "一件"
    text = f"“{bundled.name}”里{lost}没办成，请看看要不要打电话帮居民另找"
    word = staff_push.Word(title="一件事没办成", text=text, page=f"/console/cases/{case.id}", case_no=case.id)
    for userid in dispatchers(tx, case, event):
        await staff_push.send(tx, event, userid, word)
