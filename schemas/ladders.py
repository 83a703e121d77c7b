"""How far an important message has been taken to reach somebody."""

from typing import Literal

SmsState = Literal["", "sending", "sent", "refused", "unknown"]
Ended = Literal["read", "told", "not_needed", "left", "tried"]
