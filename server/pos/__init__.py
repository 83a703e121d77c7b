"""Purchases with the card 刷卡: from the terminals, each posted once."""

from server.pos import terminals
from server.pos.swipes import SWIPES, Swipe, lanes, post_waiting, receive
from server.pos.terminals import TERMINALS, Terminal

__all__ = ["SWIPES", "TERMINALS", "Swipe", "Terminal", "lanes", "post_waiting", "receive", "terminals"]
