"""What each errcode means and what to do about it, row by row as the platforms document them.

The same number may mean something else at another call, and yet something else at the other platform: hence
one table for each platform, and a row for one call goes before the row for all calls (`*`).
Source: the 错误码 section of each page of the mini-program documentation, and 全局错误码 of WeCom's.
"""

from collections.abc import Iterable
from typing import NamedTuple

from server.kit.platform import Action

EVERY_CALL = "*"


class ErrorRow(NamedTuple):
    api: str
    errcode: int
    meaning: str
    action: Action


def rows(apis: str, errcodes: Iterable[int], meaning: str, action: Action) -> list[ErrorRow]:
    return [ErrorRow(api, errcode, meaning, action) for api in apis.split() for errcode in errcodes]


class ErrorTable:
    """The rows of one platform, found by call and errcode."""

    def __init__(self, *blocks: list[ErrorRow]) -> None:
        self.rows = tuple(row for block in blocks for row in block)
        self._found = {(row.api, row.errcode): row for row in self.rows}
        if len(self._found) != len(self.rows):
            raise ValueError("two rows for the same call and errcode")

    def look_up(self, api: str, errcode: int) -> ErrorRow:
        """The row for this call, else the one for every call, else one that says nobody documented it."""
        return (
            self._found.get((api, errcode))
            or self._found.get((EVERY_CALL, errcode))
            or ErrorRow(api, errcode, "not documented", Action.bug)
        )


MINI_PROGRAM = ErrorTable(
    rows("*", [-1], "system busy", Action.retry),
    rows("*", [40001, 40014, 42001], "token wrong, malformed or expired", Action.refresh_token),
    rows("stable_token", [40001], "bad secret", Action.config_alert),
    rows("stable_token", [40002], "bad grant_type", Action.config_alert),
    rows("url_link", [40002], "no right to generate links", Action.config_alert),
    rows("*", [40003], "openid invalid", Action.drop_recipient),
    rows("check_media", [40004], "bad media_type", Action.bug),
    rows("*", [40013], "bad appid, or not the one that issued the code", Action.config_alert),
    rows("*", [40029], "code invalid, expired or already used", Action.ask_new_code),
    rows("send_subscribe", [40037], "template_id invalid", Action.config_alert),
    rows("reset_session wxacode", [40097], "bad arguments", Action.bug),
    rows("*", [40125, 41002, 41004], "secret bad or missing, or appid missing", Action.config_alert),
    rows("check_text wxacode", [40129], "bad scene", Action.bug),
    rows("*", [40164], "our address is not on the allowlist", Action.config_alert),
    rows("wxacode", [40169], "scene too long, or body not JSON", Action.bug),
    rows("code_to_session", [40226], "the platform holds this person for high risk", Action.refuse_login),
    rows("*", [40243], "secret frozen", Action.config_alert),
    rows("wxacode send_subscribe", [41030], "page not in the released version", Action.config_alert),
    rows("*", [43002], "wrong HTTP method", Action.bug),
    rows("send_subscribe", [43101], "not subscribed, or the credit is spent", Action.zero_credit),
    rows("check_text check_media", [43104], "openid of another appid", Action.bug),
    rows("send_subscribe", [43107], "subscription messages or template banned", Action.config_alert),
    rows("send_subscribe", [43108], "two sends at once to one person", Action.serialize),
    rows("*", [44002, 47001], "body empty, unreadable or incomplete", Action.bug),
    rows("url_link", [44990], "cap of the second", Action.throttle),
    rows("url_link", [44993], "cap of the day", Action.stop_until_tomorrow),
    rows("check_text check_media", [44991], "cap of the minute", Action.throttle),
    rows("*", [45009], "quota of the day", Action.stop_until_tomorrow),
    rows("*", [45011], "quota of the minute", Action.throttle),
    rows("send_subscribe", [45168], "sensitive word in the data", Action.flag_content),
    rows("send_subscribe", [47003], "a value breaks the rule of its type", Action.fix_data),
    rows("stable_token", [50004, 50007], "no token for this account, or frozen", Action.config_alert),
    rows("check_text check_media", [61010], "person not active in the last two hours", Action.defer),
    rows("wxacode", [85096], "scancode_time is a reserved word", Action.bug),
    rows("url_link", [85401, 85402], "bad expiry or env_version", Action.config_alert),
    rows("url_link", [85079], "no released version", Action.config_alert),
    rows("url_link", [85406, 85407, 85408], "visit cap, no permission or banned", Action.config_alert),
    rows("check_session reset_session", [87007], "session_key is gone", Action.relogin),
    rows("check_session reset_session", [87008], "bad sig_method", Action.relogin),
    rows("check_session reset_session", [87009], "bad signature", Action.relogin),
    rows("check_media", [87020], "same media asked too often", Action.dedupe),
    rows("stable_token", [89503, 89506, 89507], "an admin has to confirm our address", Action.config_alert),
)

CARD_FAULTS = (*range(42017, 42021), *range(42027, 42052))

WECOM = ErrorTable(
    rows("*", [-1], "system busy", Action.retry),
    rows("*", [40001, 40091, 40013], "bad secret or corpid", Action.config_alert),
    rows("*", [40003, 46004, 60111], "userid bad or unknown", Action.drop_recipient),
    rows("*", [40014, 42001], "token wrong or expired", Action.refresh_token),
    rows("*", [40029, 42003, 42022], "OAuth code invalid, expired or already used", Action.ask_new_code),
    rows("*", [40056, 41011], "agentid bad or missing", Action.bug),
    rows("*", [40058, 40063, 40035], "parameter bad or empty", Action.bug),
    rows("*", [40093, 42012], "page signature wrong, or ticket of another app", Action.config_alert),
    rows("*", [41001], "token missing", Action.bug),
    rows("*", [42014], "task_id malformed or used before", Action.fix_data),
    rows("*", [42015, 42016], "card of another app, or task_id unknown", Action.config_alert),
    rows("*", CARD_FAULTS, "a field of the card breaks its rule", Action.fix_data),
    rows("*", [43012], "the app has no callback address", Action.config_alert),
    rows("*", [44004, 45002], "content empty or too long", Action.fix_data),
    rows("*", [45009, 45033], "calls too frequent or too many at once", Action.throttle),
    rows("*", [48001, 48002], "call not permitted to this app", Action.config_alert),
    rows("*", [50001], "redirect domain not trusted", Action.config_alert),
    rows("*", [50002, 60011, 60021], "member outside what the app may see", Action.skip),
    rows("*", [50003], "app disabled", Action.config_alert),
    rows("*", [60003, 60123, 40068], "department or tag unknown", Action.resync_directory),
    rows("*", [60020], "our address is not trusted", Action.config_alert),
    rows("*", [60140], "response_code used or expired", Action.give_up),
    rows("*", [81013], "no recipient was valid", Action.drop_recipient),
    rows("*", [301002], "no permission on this agentid", Action.config_alert),
)
