"""A bundle as a kind of case: what it promises, how it reads, what it shows."""

from datetime import datetime

from schemas.bundles import BundleDetails, PartView
from server import catalogue
from server.bundles import order, stored
from server.bundles.flow import FLOW
from server.bundles.parts import COMPLETED, Bundled, Part
from server.cases import Act, Case, Kind
from server.kit.db import Reader
from server.words import clock_time, local, said

_SAID = {
    "held": "等您提交",
    "submitted": "等商家确认",
    "quoted": "等您看报价",
    "en_route": "师傅在路上",
    "in_service": "正在做",
    "requoted": "等您看新报价",
    "done": "等您确认完成",
    "disputed": "正在处理争议",
}
"""Parts that are neither confirmed and still to come, nor over: each is named with what it waits for."""


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    return act.details.answer_by, act.details.answer_by


def sentence(reader: Reader, case: Case, bundled: Bundled, mine: frozenset[str]) -> str:
    """`3 件事里 2 件已确认，保洁等商家确认`."""
    match case.state:
        case "attention":
            failed = "，".join(f"“{one.name}”没办成（{one.reason}）" for one in bundled.lacking)
            until = said(bundled.answer_by) if bundled.answer_by else ""
            return f"{failed}，请在 {until} 前决定：重新约、不等它，或其余全部取消"
        case "completed":
            lost = [one.name for one in bundled.parts if one.failed]
            return f"“{bundled.name}”办完了" + (f"，其中{'、'.join(lost)}没有办" if lost else "")
        case "cancelled":
            fee = bundled.fee_fen
            return f"“{bundled.name}”已取消，" + (f"按约定收 {catalogue.yuan(fee)} 元" if fee else "不收费")
    return _under_way(bundled)


def _under_way(bundled: Bundled) -> str:
    coming = [one for one in bundled.parts if not one.failed]
    sure = [one for one in coming if one.state not in ("held", "submitted", "quoted")]
    waiting: dict[str, list[str]] = {}
    for one in coming:
        if one.state in _SAID:
            waiting.setdefault(_SAID[one.state], []).append(one.name)
    waits = [f"{'、'.join(names)}{what}" for what, names in waiting.items()]
    lost = [one.name for one in bundled.parts if one.failed]
    told = _counted(len(coming), len(sure), waiting, waits)
    return "，".join([*told, f"{'、'.join(lost)}没约上"] if lost else told)


def _counted(count: int, sure: int, waiting: dict[str, list[str]], waits: list[str]) -> list[str]:
    if sure == count:
        return [f"{count} 件事都已确认", *waits]
    if sure:
        return [f"{count} 件事里 {sure} 件已确认", *waits]
    return [f"{count} 件事都在{next(iter(waiting))}"] if count > 1 and len(waiting) == 1 else waits


def show(reader: Reader, case: Case, bundled: Bundled, mine: frozenset[str]) -> BundleDetails:
    coming = [one for one in bundled.parts if not one.failed]
    late, free = order.broken(coming), bundled.free_because
    return BundleDetails(
        bundle_id=bundled.bundle_id,
        if_part_fails=bundled.if_part_fails,
        rule_text=stored.RULE_TEXTS[bundled.if_part_fails],
        parts=[_part(one) for one in bundled.parts],
        total_fen=sum(one.price_fen for one in coming),
        total_text=_total(coming),
        cancel_fee_fen=bundled.leaving_fen(reader.now) if case.open else bundled.fee_fen,
        cancel_free_because=f"“{free.name}”没办成不是您的原因，取消其余的不收费" if free else "",
        fee_fen=bundled.fee_fen,
        answer_by=bundled.answer_by,
        warning=order.complaint(late, coming) if late and late.state != COMPLETED else "",
    )


def _total(coming: list[Part]) -> str:
    total, asked = sum(one.price_fen for one in coming), [one.name for one in coming if not one.agreed]
    text = f"共 {catalogue.yuan(total)} 元" if total else "不收费"
    waits = f"{'、'.join(asked)}以报价为准"
    if asked:
        return f"{text}起，{waits}" if total else waits
    return text


def _part(part: Part) -> PartView:
    return PartView(
        part=part.part,
        name=part.name,
        required=part.required,
        case_no=part.case_no,
        service_id=part.service_id,
        service=part.service,
        start=local(part.start),
        end=local(part.end),
        when=f"{said(part.start)}–{clock_time(part.end)}",
        state=part.state,
        state_text=part.state_text,
        failed=part.failed,
        price_fen=part.price_fen,
        price_text=part.price_text,
        fee_fen=part.fee_fen,
        reason=part.reason,
        alternatives=part.alternatives,
        alternatives_text="、".join(said(one) for one in part.alternatives),
        former=part.former,
    )


BUNDLE = Kind(
    name="bundle",
    text="一件事",
    prefix="YJ",
    flow=FLOW,
    details=Bundled,
    deadlines=_deadlines,
    sentence=sentence,
    show=show,
    unassigned=frozenset({"attention"}),
    proxy_scope="bookings",
)
