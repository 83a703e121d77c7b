"""What WeChat shows on the phone for wx.requestPayment: the order, if the merchant has signed for it.

Source: the pages 小程序调起支付 and 签名与验签规则.
"""

from msgspec import Struct

from .controls import Control, Reply, Unknown
from .pay import SAID
from .world import World


class Sheet(Struct, rename="camel", forbid_unknown_fields=True):
    """The parameters of wx.requestPayment, and whose phone it is."""

    openid: str
    time_stamp: str
    nonce_str: str
    package: str
    sign_type: str
    pay_sign: str


def _sheet(world: World, ask: Sheet) -> Reply:
    till = world.pay.till
    signed = world.pay.seal.is_for_phone(till.appid, ask.time_stamp, ask.nonce_str, ask.package, ask.pay_sign)
    if ask.sign_type != "RSA" or not signed:
        raise Unknown("支付验证签名失败")
    prepay_id = ask.package.removeprefix("prepay_id=")
    known = next((one for one in till.orders.values() if one.prepay_id == prepay_id), None)
    if known is None or known.openid != ask.openid:
        raise Unknown("预支付交易会话标识不存在")
    order = till.order(known.out_trade_no)
    if order.state != "NOTPAY":
        raise Unknown(SAID[order.state])
    return {"prepay_id": prepay_id, "total": order.total, "description": order.description}


SHEET = Control("POST", "/_control/pay-sheet", Sheet, _sheet)
