"""What the visit costs this resident: some services are cheaper, or now and then free, for
older residents and for those with a disability."""

from datetime import datetime

from msgspec import Struct

from server import catalogue, disability
from server.bookings import tallies
from server.bookings.details import Tally
from server.catalogue import Concession, Service
from server.kit.clock import SHANGHAI, today
from server.kit.db import Tx
from server.residents import Resident


class Price(Struct, frozen=True):
    fen: int
    text: str
    free: Tally | None = None


def entitled(concession: Concession, resident: Resident, now: datetime, start: datetime) -> bool:
    """By the year of birth, where whoever reaches the age this year has it from January on; or by a certificate that
    still holds on the day of the visit."""
    if not concession.min_age or (concession.disabled and disability.holds(resident, today(start))):
        return True
    year = now.astimezone(SHANGHAI).year
    return resident.birth_year is not None and year - resident.birth_year >= concession.min_age


def said(fen: int, text: str, agreed: bool) -> str:
    """`70.00 元（35.00 元/小时）`; what is free, or names its sum in its text, is not counted once more."""
    total = f"{catalogue.yuan(fen)} 元"
    told = text.endswith(total) or text in (f"{total}/次", f"{total}/趟", f"{total}/月")
    return f"{total}（{text}）" if agreed and fen and not told else text


async def price_for(tx: Tx, service: Service, resident: Resident, start: datetime) -> Price:
    """The price of this visit; a free one of the month is named, to be counted with the booking."""
    fen, text = catalogue.total_fen(service), catalogue.price_view(service).text
    concession = service.concession
    if concession is None or service.mode == "quote" or not entitled(concession, resident, tx.now, start):
        return Price(fen, text)
    if concession.free_per_month:
        month = f"{start.astimezone(SHANGHAI):%Y-%m}"
        free = tallies.free_visits(resident.id, service.id, month)
        if await tallies.count(tx, free) < concession.free_per_month:
            return Price(0, f"免费，每月有 {concession.free_per_month} 次", free)
    if concession.percent_off:
        return Price(
            fen * (100 - concession.percent_off) // 100,
            f"{text}，{catalogue.entitled_text(concession)}优惠价",
        )
    return Price(fen, text)
