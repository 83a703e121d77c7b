"""What WeChat Pay tells us: believed when it is signed, fresh and agrees with the payment; all else is on record."""

from collections.abc import Mapping

from server.building import Building
from server.kit.errors import Unauthorized
from server.kit.platform import PlatformRefusal
from server.payments.carrying import hear, refused


class NotHeard(Unauthorized):
    """通知未被接受"""


async def hear_notification(house: Building, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether the sender can be told that it was heard."""
    try:
        told = await house.pay.open_notification(headers, body)
    except Unauthorized as why:
        await refused(house, str(getattr(why, "why", "")), "")
        return False
    except PlatformRefusal:
        return False
    return told.order is None or await hear(house, told.order)
