"""The bill of a day, 申请交易账单 with bill_type ALL: what was paid and what is to be paid back, in yuan, back-quoted.

It can be spoilt on request, as a bill may be that does not say what we have.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta, timezone

from msgspec import Struct
from msgspec.structs import replace

_CHINA = timezone(timedelta(hours=8))
HEADS = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,"
    "应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,"
    "手续费,费率,订单金额,申请退款金额,费率备注"
)
TOTALS = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"


class Line(Struct, frozen=True, kw_only=True):
    """Something that was paid, or with an `out_refund_no` something to be paid back."""

    at: datetime
    transaction_id: str = ""
    out_trade_no: str
    openid: str = ""
    state: str
    paid_fen: int = 0
    refund_id: str = ""
    out_refund_no: str = ""
    refund_fen: int = 0
    refund_state: str = ""
    description: str = ""

    @property
    def number(self) -> str:
        return self.out_refund_no or self.out_trade_no


class Spoilt(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is wrong with the bill of `day`: rows that lack, that are there too much, or say something else. Numbers are
    those of orders or refunds; `fen` is what a row then says, `states` its state."""

    day: str
    lacks: list[str] = []
    fen: dict[str, int] = {}
    states: dict[str, str] = {}
    strangers: dict[str, int] = {}
    total_off: bool = False


def spoil(lines: Iterable[Line], wrong: Spoilt) -> list[Line]:
    """The lines as the spoilt bill has them."""
    kept = [_changed(one, wrong) for one in lines if one.number not in wrong.lacks]
    noon = datetime.fromisoformat(f"{wrong.day}T12:00:00+08:00")
    return kept + [
        Line(at=noon, out_trade_no=number, state="SUCCESS", paid_fen=fen)
        for number, fen in wrong.strangers.items()
    ]


def _changed(one: Line, wrong: Spoilt) -> Line:
    fen, state = wrong.fen.get(one.number), wrong.states.get(one.number)
    if fen is not None:
        one = replace(one, refund_fen=fen) if one.out_refund_no else replace(one, paid_fen=fen)
    if state is not None:
        one = replace(one, refund_state=state) if one.out_refund_no else replace(one, state=state)
    return one


def file(lines: list[Line], appid: str, mchid: str, off_fen: int = 0) -> str:
    """`off_fen` is by how much the totals are wrong."""
    paid, back = sum(one.paid_fen for one in lines), sum(one.refund_fen for one in lines)
    totals = [str(len(lines)), yuan(paid), yuan(back), "0.00", "0.00000", yuan(paid + off_fen), yuan(back)]
    rows = [*(_row(one, appid, mchid) for one in lines)]
    content = [HEADS, *map(_quoted, rows), TOTALS, _quoted(totals), ""]
    return "\r\n".join(content)


def _row(one: Line, appid: str, mchid: str) -> list[str]:
    return [
        f"{one.at.astimezone(_CHINA):%Y-%m-%d %H:%M:%S}",
        appid,
        mchid,
        "0",
        "",
        one.transaction_id,
        one.out_trade_no,
        one.openid,
        "JSAPI",
        one.state,
        "OTHERS",
        "CNY",
        yuan(one.paid_fen),
        "0.00",
        one.refund_id or "0",
        one.out_refund_no,
        yuan(one.refund_fen),
        "0.00",
        "ORIGINAL" if one.out_refund_no else "",
        one.refund_state,
        one.description.replace(",", " "),
        "",
        "0.00000",
        "0.60%",
        yuan(one.paid_fen),
        yuan(one.refund_fen),
        "",
    ]


def _quoted(cells: list[str]) -> str:
    return ",".join(f"`{cell}" for cell in cells)


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
