"""Prices and concessions as people say them."""

from schemas.catalogue import PriceUnit, PriceView
from server.catalogue.stored import Concession, Service

_PER: dict[PriceUnit, str] = {"visit": "次", "hour": "小时", "trip": "趟", "month": "月"}


def total_fen(service: Service) -> int:
    """The price of one usual visit; an hourly price counts the duration."""
    if service.price.unit == "hour":
        return service.price.amount_fen * service.duration_min // 60
    return service.price.amount_fen


def reschedule_notice(service: Service) -> int:
    """Minutes before the visit until which its time can be changed."""
    own = service.reschedule_notice_min
    return service.cancel_notice_min if own is None else own


def concession_text(concession: Concession | None) -> str:
    """For whom it is cheaper and by how much, in a sentence; empty where there is nothing."""
    if concession is None or not (concession.free_per_month or concession.percent_off):
        return ""
    free = f"每月免费 {concession.free_per_month} 次" if concession.free_per_month else ""
    cheaper = f"优惠 {concession.percent_off}%" if concession.percent_off else ""
    return f"{entitled_text(concession)}：{'，'.join(one for one in (free, cheaper) if one)}"


def entitled_text(concession: Concession) -> str:
    """For whom it is, in the same words for everybody: they do not tell who has which reason."""
    if not concession.min_age:
        return "居民"
    return f"{concession.min_age} 岁以上{'或持残疾人证' if concession.disabled else ''}"


def yuan(fen: int) -> str:
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02d}"


def price_view(service: Service) -> PriceView:
    unit, amount = service.price.unit, service.price.amount_fen
    match unit:
        case "free":
            text = "免费"
        case "quote":
            text = f"看过再报价，{yuan(amount)} 元起" if amount else "看过再报价"
        case _:
            text = f"{yuan(amount)} 元/{_PER[unit]}"
    return PriceView(unit=unit, amount_fen=amount, total_fen=total_fen(service), text=text)
