"""What somebody filled in as a service, and what in it cannot be: each refusal names its field."""

from datetime import date

from msgspec import structs

from schemas.catalogue import CancelFee
from schemas.common import YEARS, FormField
from schemas.service_versions import (
    ConcessionForm,
    FeeForm,
    FieldForm,
    OptionForm,
    PoolForm,
    PriceForm,
    ServiceForm,
    Span,
)
from server.catalogue import CATEGORIES, POOLS, PROVIDERS, Concession, Pool, Price, Service
from server.kit.db import Reader
from server.price_lists import UnitDoesNotFit
from server.service_versions.stored import ServiceWrong

_DAY_MIN = 1440


def made(
    reader: Reader, provider_id: str, service_id: str, form: ServiceForm, price: Price, version: int
) -> tuple[Service, Pool | None]:
    """The service as it will be, and the pool that has to be made with it. Raises ServiceWrong, UnitDoesNotFit."""
    check(reader, provider_id, form)
    check_price(form.mode, PriceForm(unit=price.unit, amount_fen=price.amount_fen))
    pool = _new_pool(form.new_pool, provider_id, f"{service_id}.{version}") if form.new_pool else None
    plain = structs.asdict(form)
    for name in ("new_pool", "concession", "fields", "cancel_fees", "pool_id"):
        del plain[name]
    service = Service(
        id=service_id,
        provider_id=provider_id,
        pool_id=pool.id if pool else form.pool_id or "",
        price=price,
        version=version,
        concession=_concession(form.concession),
        fields=[_field(one) for one in form.fields],
        cancel_fees=None
        if form.cancel_fees is None
        else [CancelFee(**structs.asdict(one)) for one in form.cancel_fees],
        **plain,
    )
    return service, pool


def check(reader: Reader, provider_id: str, form: ServiceForm) -> None:
    """Raises ServiceWrong."""
    provider = reader.recall(PROVIDERS, provider_id)
    if reader.recall(CATEGORIES, form.category) is None:
        raise ServiceWrong("没有这个类别，请从列表里选", field="category")
    if provider is not None and provider.categories and form.category not in provider.categories:
        raise ServiceWrong("这家服务商没有获准做这一类服务", field="category")
    _check_pool(reader, provider_id, form)
    for number, day in enumerate(form.weekly):
        _check_spans(day, form.duration_min, f"weekly[{number}]")
    for name, spans in form.overrides.items():
        _check_day(name)
        _check_spans(spans, form.duration_min, f"overrides.{name}")
    if not any(form.weekly) and not any(form.overrides.values()):
        raise ServiceWrong("一周里没有一天开放，请至少填一天的时间", field="weekly")
    if form.lead_time_min >= form.horizon_days * _DAY_MIN:
        raise ServiceWrong("要提前的时间比能约的天数还长，没有人能约上", field="lead_time_min")
    _check_fees(form)
    _check_fields(form.fields)


def check_price(mode: str, price: PriceForm) -> None:
    """As for a line of a price list. Raises UnitDoesNotFit."""
    if (price.unit == "quote") != (mode == "quote") or (price.unit == "free" and price.amount_fen):
        raise UnitDoesNotFit(field="price.unit")


def _check_pool(reader: Reader, provider_id: str, form: ServiceForm) -> None:
    if (form.pool_id is None) == (form.new_pool is None):
        raise ServiceWrong("请选一个班组，或填一个新班组，二选一", field="pool_id")
    pool = reader.recall(POOLS, form.pool_id) if form.pool_id else None
    if form.pool_id and (pool is None or pool.provider_id != provider_id):
        raise ServiceWrong("这家服务商没有这个班组，请从列表里选", field="pool_id")


def _check_spans(spans: list[Span], duration: int, where: str) -> None:
    before = 0
    for opening, closing in spans:
        if opening < before or closing <= opening:
            raise ServiceWrong("时间段要从早到晚写，不能重叠", field=where)
        if closing - opening < duration:
            raise ServiceWrong(f"有一段时间不够做一次服务（要 {duration} 分钟）", field=where)
        before = closing


def _check_day(text: str) -> None:
    try:
        good = date.fromisoformat(text).year in YEARS
    except ValueError:
        good = False
    if not good:
        raise ServiceWrong(f"{text} 不是日期", field=f"overrides.{text}")


def _check_fees(form: ServiceForm) -> None:
    known: set[int] = set()
    for number, one in enumerate(form.cancel_fees or []):
        if one.within_min in known:
            raise ServiceWrong("同一个时间写了两次", field=f"cancel_fees[{number}].within_min")
        known.add(one.within_min)


def _check_fields(fields: list[FieldForm]) -> None:
    names: set[str] = set()
    for number, one in enumerate(fields):
        where = f"fields[{number}]"
        if one.name in names:
            raise ServiceWrong(f"“{one.name}”用了两次，每一栏的代号要不同", field=f"{where}.name")
        names.add(one.name)
        values = [option.value for option in one.options]
        if one.type == "choice" and len(set(values)) < 2:
            raise ServiceWrong(f"“{one.label}”是选择题，至少要有两个不同的选项", field=f"{where}.options")
        if len(set(values)) < len(values) or (values and one.type != "choice"):
            raise ServiceWrong(f"“{one.label}”的选项不对", field=f"{where}.options")
        if one.min is not None and one.max is not None and one.min > one.max:
            raise ServiceWrong(f"“{one.label}”最小的比最大的还大", field=f"{where}.min")
        if one.type == "text" and one.max is not None and not 1 <= one.max <= 500:
            raise ServiceWrong(f"“{one.label}”最多能写 1 到 500 个字", field=f"{where}.max")


def _new_pool(form: PoolForm, provider_id: str, pool_id: str) -> Pool:
    return Pool(id=f"pool.{pool_id}", provider_id=provider_id, name=form.name, capacity=form.capacity)


def _concession(form: ConcessionForm | None) -> Concession | None:
    """One that gives nothing is none."""
    if form is None or not (form.percent_off or form.free_per_month):
        return None
    return Concession(**structs.asdict(form))


def _field(form: FieldForm) -> FormField:
    options = [{"value": one.value, "text": one.text} for one in form.options]
    return FormField(**(structs.asdict(form) | {"options": options}))


def form_of(service: Service) -> ServiceForm:
    """The service as it would be filled in: for whoever changes it, and for those who compare."""
    rows = service.cancel_fees
    fees = None if rows is None else [FeeForm(**structs.asdict(one)) for one in rows]
    return ServiceForm(
        **{name: getattr(service, name) for name in _SAME},
        pool_id=service.pool_id,
        weekly=[_spans(one) for one in service.weekly],
        overrides={day: _spans(one) for day, one in service.overrides.items()},
        concession=ConcessionForm(**structs.asdict(service.concession)) if service.concession else None,
        cancel_fees=fees,
        fields=[_as_form(one) for one in service.fields],
    )


def _spans(hours: list[Span]) -> list[Span]:
    return [(opening, closing) for opening, closing in hours]


def _as_form(field: FormField) -> FieldForm:
    return FieldForm(
        name=field.name,
        label=field.label,
        type=field.type,  # type: ignore[arg-type]
        required=field.required,
        options=[OptionForm(value=one["value"], text=one["text"]) for one in field.options],
        min=field.min,
        max=field.max,
        hint=field.hint,
    )


_OTHERWISE = frozenset({"pool_id", "weekly", "overrides", "concession", "cancel_fees", "fields"})
_SAME = [one for one in ServiceForm.__struct_fields__ if one not in _OTHERWISE | {"new_pool"}]
"""What is stored as it is filled in."""


def pool_form(pool: Pool) -> PoolForm:
    return PoolForm(name=pool.name, capacity=pool.capacity)
