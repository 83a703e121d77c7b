"""A code that is read out at the window to fetch what lies there."""

import hmac

from server.kit.chance import chance
from server.kit.errors import Conflict


class WrongPickUpCode(Conflict):
    """取件码不对，请居民再念一遍"""


def new(digits: int) -> str:
    return f"{chance.below(10**digits):0{digits}d}"


def check(given: str, code: str) -> None:
    """Raises WrongPickUpCode."""
    if not hmac.compare_digest(given, code):
        raise WrongPickUpCode(field="code")
