"""Purchases with the card 刷卡: from terminals and statement files, each posted once."""

from server.pos import arrivals, files, reject_sheets, terminals
from server.pos.swipes import SWIPES, Swipe, campaign_costs, lanes, post_waiting, receive
from server.pos.terminals import TERMINALS, Terminal

__all__ = [
    "SWIPES",
    "TERMINALS",
    "Swipe",
    "Terminal",
    "arrivals",
    "campaign_costs",
    "files",
    "lanes",
    "post_waiting",
    "receive",
    "reject_sheets",
    "terminals",
]
