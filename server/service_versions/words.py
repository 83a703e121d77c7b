"""Every field of a service as people say it: what is compared is what is read."""

from collections.abc import Callable
from datetime import timedelta
from itertools import groupby

from schemas.catalogue import CancelFee, DispatchMode, Mode, Proof
from schemas.common import FormField
from schemas.service_versions import FieldChange
from server import catalogue
from server.catalogue import CATEGORIES, POOLS, Hours, Pool, Service
from server.kit.db import Reader

MODES: dict[Mode, str] = {"slot": "选时段，明码标价", "quote": "先看后报价"}
DISPATCHES: dict[DispatchMode, str] = {"assign": "商家指派", "grab": "师傅抢单", "rotate": "轮流派单"}
PROOFS: dict[Proof, str] = {"before": "开始前拍照", "after": "完成后拍照", "no_show": "上门无人要拍照"}
FIELD_TYPES: dict[str, str] = {"text": "文字", "number": "数字", "choice": "选择", "yes_no": "是或否"}
_DAYS = "一二三四五六日"
_DAY_MIN, _HOUR_MIN = 1440, 60


def minutes(number: int) -> str:
    """`2 小时`, `1 天`, `90 分钟`."""
    length = timedelta(minutes=number)
    if number and not number % _DAY_MIN:
        return f"{length.days} 天"
    if number and not number % _HOUR_MIN:
        return f"{number // _HOUR_MIN} 小时"
    return f"{number} 分钟"


def clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def spans(hours: list[Hours]) -> str:
    return "、".join(f"{clock(opening)}-{clock(closing)}" for opening, closing in hours) or "休息"


def week(weekly: list[list[Hours]]) -> str:
    """`周一至周五 08:00-12:00；周六、周日 休息`: days that are alike are said once."""
    said = []
    for text, group in groupby(enumerate(weekly), key=lambda one: spans(one[1])):
        days = [_DAYS[number] for number, _ in group]
        name = f"周{days[0]}" if len(days) == 1 else f"周{days[0]}至周{days[-1]}"
        said.append(f"{name} {text}")
    return "；".join(said)


def fee(one: CancelFee) -> str:
    parts = [f"{one.percent}%"] if one.percent else []
    parts += [f"{catalogue.yuan(one.fen)} 元"] if one.fen else []
    return f"不到 {minutes(one.within_min)}：{' 加 '.join(parts) or '不收'}"


def field(one: FormField) -> str:
    more = [FIELD_TYPES.get(one.type, one.type)]
    more += ["必填"] if one.required else []
    more += ["、".join(option["text"] for option in one.options)] if one.options else []
    more += [f"最少 {one.min:g}"] if one.min is not None else []
    more += [f"最多 {one.max:g}"] if one.max is not None else []
    more += [one.hint] if one.hint else []
    return f"{one.label}（{'，'.join(more)}）"


def _yes(value: bool) -> str:
    return "是" if value else "否"


Said = Callable[[Service], str]
_FIELDS: tuple[tuple[str, str, Said], ...] = (
    ("name", "名称", lambda one: one.name),
    ("summary", "一句话介绍", lambda one: one.summary),
    ("mode", "怎么约", lambda one: MODES[one.mode]),
    ("dispatch", "怎么派单", lambda one: DISPATCHES[one.dispatch]),
    ("duration_min", "一次多久", lambda one: minutes(one.duration_min)),
    ("step_min", "隔多久一个时段", lambda one: minutes(one.step_min)),
    ("buffer_before_min", "上门前留的时间", lambda one: minutes(one.buffer_before_min)),
    ("buffer_after_min", "做完后留的时间", lambda one: minutes(one.buffer_after_min)),
    ("lead_time_min", "至少提前多久约", lambda one: minutes(one.lead_time_min)),
    ("horizon_days", "最远能约几天", lambda one: f"{one.horizon_days} 天"),
    ("weekly", "每周开放时间", lambda one: week(one.weekly)),
    (
        "overrides",
        "单独的日子",
        lambda one: (
            "；".join(f"{day} {spans(hours)}" for day, hours in sorted(one.overrides.items())) or "没有"
        ),
    ),
    ("open_on_holidays", "法定节假日也开", lambda one: _yes(one.open_on_holidays)),
    ("cancel_notice_min", "提前多久取消不收费", lambda one: minutes(one.cancel_notice_min)),
    (
        "reschedule_notice_min",
        "提前多久能改时间",
        lambda one: "和取消一样" if one.reschedule_notice_min is None else minutes(one.reschedule_notice_min),
    ),
    (
        "cancel_fees",
        "晚取消收多少",
        lambda one: (
            "按街道规定" if one.cancel_fees is None else "；".join(map(fee, one.cancel_fees)) or "不收"
        ),
    ),
    (
        "visit_fee_fen",
        "上门费（居民不同意新报价时）",
        lambda one: f"{catalogue.yuan(one.visit_fee_fen)} 元" if one.visit_fee_fen else "不收",
    ),
    ("concession", "优惠", lambda one: catalogue.concession_text(one.concession) or "没有"),
    ("proof", "要拍的照片", lambda one: "、".join(PROOFS[each] for each in one.proof) or "不用"),
    ("seat_for_quote", "报价前先占位", lambda one: _yes(one.seat_for_quote)),
    ("max_open", "每人最多同时约几次", lambda one: str(one.max_open or "不限")),
    ("fields", "要居民填的", lambda one: "；".join(map(field, one.fields)) or "没有"),
    ("notes", "要说明的", lambda one: one.notes or "没有"),
    ("rank", "排在第几", lambda one: str(one.rank)),
    ("active", "上架", lambda one: "在列表里" if one.active else "已下架"),
)


def terms(reader: Reader, service: Service, pool: Pool | None = None) -> dict[str, tuple[str, str]]:
    """By field: its name and what stands there. `pool` is one that is made with the service."""
    said = {name: (label, text(service)) for name, label, text in _FIELDS}
    category = reader.recall(CATEGORIES, service.category)
    who = pool or reader.recall(POOLS, service.pool_id)
    serving = f"{who.name}（同时 {who.capacity} 单）" if who else service.pool_id
    found = {"category": ("类别", category.name if category else service.category)}
    found["pool_id"] = ("谁来做", f"新班组：{serving}" if pool else serving)
    return {"name": said.pop("name"), **found, **said}


def compared(
    reader: Reader, before: Service | None, after: Service, pool: Pool | None = None
) -> list[FieldChange]:
    """The fields that differ; all of them where there was nothing before."""
    new = terms(reader, after, pool)
    old = terms(reader, before) if before else {}
    return [
        FieldChange(field=name, label=label, before=old.get(name, ("", ""))[1], after=text)
        for name, (label, text) in new.items()
        if old.get(name, ("", None))[1] != text
    ]


_LABELS = {name: label for name, label, _ in _FIELDS} | {
    "category": "类别",
    "pool_id": "谁来做",
    "new_pool": "新班组的名称和人数",
    "price": "价格",
    "valid_from": "从哪天起",
    "reason": "原因",
    "note": "说明",
    "since": "版本",
}


def label_of(field: str) -> str:
    """The box that `service.weekly[0]` or `price.unit` is about."""
    names = field.removeprefix("service.").replace("[", ".").split(".")
    return _LABELS.get(names[0], names[0])
