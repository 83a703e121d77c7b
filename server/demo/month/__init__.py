"""A month of the example street: statement files of seven communities, and the bills that were paid with the points.

All of it is made up by a rule, and then goes through the same doors as in truth: files are sent by the accountant,
residents look their bills up on their phones and pay them with points, with WeChat, or with both.
"""

from server.demo.month.doors import Doors, Refused
from server.demo.month.going import pay, plan, play, send
from server.demo.month.once import begun

__all__ = ["Doors", "Refused", "begun", "pay", "plan", "play", "send"]
