"""Access tokens: the stable kind, the old kind whose fetches kill each other, and WeCom's.

Stable and old tokens are separate worlds: fetching one never touches the other.
"""

import re
import secrets

from msgspec import Struct

from .errors import Refused
from .quotas import day_of

LIFE_S = 7_200
OVERLAP_S = 300
FORCED_PER_DAY = 20
FORCED_APART_S = 30
_REMEMBERED = 1_000


class Token(Struct):
    value: str
    expires_at: float
    replaced: bool = False

    def left_s(self, now_s: float) -> float:
        return self.expires_at - now_s

    def replace(self, until_s: float) -> None:
        """Superseded by a newer one; it works until then and is `not latest` afterwards."""
        self.expires_at = until_s
        self.replaced = True


class Tokens:
    """Every token of one platform that was handed out lately, to tell wrong from old."""

    def __init__(self, shape: str, prefix: str, unknown: int) -> None:
        self._shape = re.compile(shape)
        self._prefix = prefix
        self._unknown = unknown
        self._known: dict[str, Token] = {}

    def issue(self, now_s: float) -> Token:
        token = Token(self._prefix + secrets.token_urlsafe(96), now_s + LIFE_S)
        self._known[token.value] = token
        if len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]
        return token

    def check(self, value: str, now_s: float) -> None:
        """Refused unless the token works: 41001 missing, 40014 malformed, 40001 wrong, 42001 expired."""
        if not value:
            raise Refused(41001)
        if not self._shape.fullmatch(value):
            raise Refused(40014)
        token = self._known.get(value)
        if token is None:
            raise Refused(self._unknown)
        if token.left_s(now_s) <= 0:
            raise Refused(self._unknown if token.replaced else 42001)


def mini_tokens() -> Tokens:
    return Tokens(r"\d\d_[A-Za-z0-9_-]{64,512}", "98_", unknown=40001)


def corp_tokens() -> Tokens:
    return Tokens(r"c[A-Za-z0-9_-]{64,512}", "c", unknown=40014)


class Stable:
    """The same token for everybody until its last five minutes; `force` replaces it at once, sparingly."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._current: Token | None = None
        self._forced_at = float("-inf")
        self._forced_on: tuple[int, int] = (0, 0)

    def fetch(self, now_s: float) -> Token:
        token = self._current
        if token is None or token.left_s(now_s) <= OVERLAP_S:
            if token is not None and token.left_s(now_s) > 0:
                token.expires_at = now_s + OVERLAP_S
            token = self._current = self._tokens.issue(now_s)
        return token

    def force(self, now_s: float) -> Token:
        if now_s - self._forced_at < FORCED_APART_S:
            return self.fetch(now_s)
        day, times = self._forced_on
        times = times if day == day_of(now_s) else 0
        if times >= FORCED_PER_DAY:
            raise Refused(45009)
        self._forced_on, self._forced_at = (day_of(now_s), times + 1), now_s
        if self._current is not None:
            self._current.replace(now_s)
        self._current = self._tokens.issue(now_s)
        return self._current


class Old:
    """Each fetch replaces the token before it, which works for five more minutes."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._current: Token | None = None

    def fetch(self, now_s: float) -> Token:
        before, self._current = self._current, self._tokens.issue(now_s)
        if before is not None and before.left_s(now_s) > 0:
            before.replace(min(before.expires_at, now_s + OVERLAP_S))
        return self._current


class Corp:
    """WeCom answers with the same token for as long as it is good."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._current: Token | None = None

    def fetch(self, now_s: float) -> Token:
        if self._current is None or self._current.left_s(now_s) <= 0:
            self._current = self._tokens.issue(now_s)
        return self._current
