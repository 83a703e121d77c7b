"""Words for what an order of tickets is made of."""

from datetime import datetime

from schemas.tickets import DeliveryWay, Mode, Party, PassengerState, SeatClass
from server.tickets.details import Ticket
from server.words import said

MODES: dict[Mode, str] = {"train": "火车票", "plane": "飞机票"}
PARTIES: dict[Party, str] = {"all": "都买到才买", "split": "能买几张买几张"}
SEATS: dict[Mode, dict[SeatClass, str]] = {
    "train": {
        "second": "二等座",
        "first": "一等座",
        "business": "商务座",
        "hard_seat": "硬座",
        "soft_seat": "软座",
        "hard_sleeper": "硬卧",
        "soft_sleeper": "软卧",
        "standing": "无座",
    },
    "plane": {"economy": "经济舱", "premium": "超级经济舱", "business": "公务舱", "first": "头等舱"},
}
PASSENGER_STATES: dict[PassengerState, str] = {
    "wanted": "等买票",
    "ticketed": "已出票",
    "failed": "没买到",
    "changing": "正在改签",
    "refunding": "正在退票",
    "refunded": "已退票",
}
DELIVERIES: dict[DeliveryWay, str] = {"none": "不用纸质凭证", "window": "到社区窗口取", "post": "邮寄"}
DELIVERY_STATES = {
    "none": "",
    "waiting": "出票后准备",
    "ready": "可以来取",
    "handed_over": "已取走",
    "posted": "已寄出",
}


def seat_text(mode: Mode, seat_class: SeatClass | None) -> str:
    return SEATS[mode].get(seat_class, seat_class) if seat_class else ""


def trip_text(mode: Mode, number: str, seat_class: SeatClass, depart_at: datetime | None) -> str:
    """D6701 二等座，11 月 28 日 周六 9:00."""
    what = f"{number} {seat_text(mode, seat_class)}"
    return f"{what}，{said(depart_at)}" if depart_at else what


def route(ticket: Ticket) -> str:
    return f"{ticket.origin} → {ticket.destination}"
