"""How far an important message has been taken to reach somebody."""

from typing import Literal

SmsState = Literal["", "sending", "sent", "delivered", "failed", "refused", "unknown"]
Ended = Literal["read", "sent", "told", "not_needed", "replaced", "left", "tried"]
