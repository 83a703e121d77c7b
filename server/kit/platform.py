"""What an outside platform can answer besides yes: nouns catch these without knowing which SDK was asked.

A refusal is the platform's own decision and says what to do about it; down means that there was no decision.
The platform's text stays in `errmsg` for the log: it changes without notice, so nobody matches or shows it.
"""

from enum import StrEnum

from server.kit.errors import Unauthorized, Unavailable


class Action(StrEnum):
    """What the caller does about a refusal."""

    refresh_token = "refresh_token"
    """the gateway has already asked for a new token once and was refused again"""
    ask_new_code = "ask_new_code"
    """the code was used or has expired: the client fetches another, the same one is never sent again"""
    refuse_login = "refuse_login"
    """say no in neutral words"""
    relogin = "relogin"
    """the platform's session with this person is over"""
    drop_recipient = "drop_recipient"
    """this person cannot be reached under this id any more"""
    zero_credit = "zero_credit"
    """no subscription left for this person and template"""
    skip = "skip"
    """this person lies outside what the app may see"""
    serialize = "serialize"
    """one at a time to the same person, then again"""
    retry = "retry"
    """again, a little later"""
    throttle = "throttle"
    """again after at least a minute, and slower"""
    stop_until_tomorrow = "stop_until_tomorrow"
    """today's quota is gone"""
    defer = "defer"
    """not now for this person: later, or without"""
    dedupe = "dedupe"
    """already asked: use the answer there is"""
    flag_content = "flag_content"
    """the words themselves were refused: a person looks, nothing is sent again as it is"""
    fix_data = "fix_data"
    """a value breaks the platform's rule for its field"""
    resync_directory = "resync_directory"
    """our copy of the departments is stale"""
    give_up = "give_up"
    """too late to do this"""
    config_alert = "config_alert"
    """an operator has to change something, here or in the platform's console"""
    bug = "bug"
    """the call itself is wrong"""


class NotificationRefused(Unauthorized):
    """通知没有通过核对"""

    def __init__(self, why: str) -> None:
        """`why` is a word for the record: the sender learns nothing."""
        self.why = why
        super().__init__()


class PlatformRefusal(Exception):
    """The platform answered, with an errcode. `api` is the gateway's name for the call."""

    def __init__(self, api: str, errcode: int, errmsg: str, action: Action) -> None:
        self.api = api
        self.errcode = errcode
        self.errmsg = errmsg
        self.action = action
        super().__init__(f"{api} refused with {errcode}: {action}")


class OutsideCompany(PlatformRefusal):
    """The code is genuine, and belongs to somebody who is no member of the company."""

    def __init__(self, api: str) -> None:
        super().__init__(api, 0, "", Action.refuse_login)


class PlatformDown(Unavailable):
    """外部平台暂时没有响应，请稍后再试"""

    def __init__(
        self, api: str, reason: str, *, uncertain: bool = False, retry_after: float | None = None
    ) -> None:
        """`reason` is a word for logs and metrics; `uncertain`: the platform may have acted all the same."""
        self.api = api
        self.reason = reason
        self.uncertain = uncertain
        super().__init__(retry_after=retry_after)
