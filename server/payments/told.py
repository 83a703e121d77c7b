"""What WeChat Pay tells us: believed when it is signed, fresh and agrees with the payment; all else is on record."""

from collections.abc import Mapping
from typing import Any

from server.building import Building
from server.kit.errors import Unauthorized
from server.kit.platform import NotificationRefused, PlatformRefusal
from server.payments.carrying import refused


class NotHeard(Unauthorized):
    """通知未被接受"""


async def opened(house: Building, headers: Mapping[str, str], body: bytes) -> Any:
    """What it says, an `order` or a `refund`; None where it is not WeChat Pay's or not fresh."""
    try:
        return await house.pay.open_notification(headers, body)
    except NotificationRefused as refusal:
        await refused(house, refusal.why, "")
    except PlatformRefusal:
        pass  # no merchant is configured
    return None
