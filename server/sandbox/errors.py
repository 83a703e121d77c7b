"""Every error code the two platforms answer with, as data: what goes on the wire and what it means.

The same number means different things on the two hosts, so there are two tables. `errmsg` is for people and
changes without notice, which is why both platforms' tails are added: code that matches on it fails in tests.
"""

import secrets
from typing import NamedTuple


class Fact(NamedTuple):
    text: str
    meaning: str


MINI: dict[int, Fact] = {
    -1: Fact("system error", "busy: retry with backoff, three times at most"),
    40001: Fact("invalid credential, access_token is invalid or not latest", "token or secret is wrong"),
    40002: Fact("invalid grant_type", "grant_type is not the one of this call"),
    40003: Fact("invalid openid", "nobody has this openid in this mini-program"),
    40004: Fact("invalid media type", "media_type is neither 1 (audio) nor 2 (image)"),
    40013: Fact("invalid appid", "unknown appid, or not the appid the code was made for"),
    40014: Fact("invalid access_token", "the token does not even look like one"),
    40029: Fact("invalid code", "the code is unknown, older than five minutes, used, or of the other kind"),
    40037: Fact("invalid template_id", "no such template in this mini-program"),
    40097: Fact("invalid args", "an argument is missing or out of range"),
    40125: Fact("invalid appsecret", "the secret does not look like one"),
    40129: Fact("invalid scene", "scene is missing or not one of the published values"),
    40164: Fact("invalid ip {}, not in whitelist", "the caller's address is not on the allow list"),
    40165: Fact("invalid weapp pagepath", "the page of a link is not in the released version"),
    40169: Fact("invalid length for scene, or the data is not json", "scene is badly spelled or too long"),
    40226: Fact("code blocked", "the platform takes this user for a risk and refuses the login"),
    40243: Fact("appsecret is frozen", "somebody froze the secret in the console"),
    41001: Fact("access_token missing", "the call needs a token in its query"),
    41002: Fact("appid missing", "appid is empty"),
    41004: Fact("appsecret missing", "secret is empty"),
    41008: Fact("missing code", "js_code is empty"),
    41030: Fact("invalid page", "the page is not in the released version"),
    42001: Fact("access_token expired", "the token was good and is too old now"),
    43001: Fact("require GET method", "this call is GET only"),
    43002: Fact("require POST method", "this call is POST only"),
    43101: Fact("user refuse to accept the msg", "never subscribed, credit spent, or unsubscribed"),
    43104: Fact("openid does not belong to this appid", "the openid is of another mini-program"),
    43107: Fact("subscribe capability is banned", "the template or the capability is banned"),
    43108: Fact("concurrent sends to the same user", "two sends to one user overlapped: send one by one"),
    44002: Fact("empty post data", "a POST without a body"),
    44990: Fact("out of limit per second", "links: cap of the second"),
    44991: Fact("out of limit per minute", "content safety: cap of the minute"),
    44993: Fact("out of limit per day", "links: cap of the day"),
    45002: Fact("content size out of limit", "the content is longer than 2,500 characters"),
    45009: Fact("reach max api daily quota limit", "nothing more until the quota is renewed"),
    45011: Fact("api minute-quota reach limit, must slower", "wait for the next minute"),
    45168: Fact("sensitive word in data", "the same text will never pass: a person must look"),
    47001: Fact("data format error", "the body is not a JSON object or misses a field"),
    47003: Fact("argument invalid! {}", "a value breaks the rule of its type; errmsg names the key"),
    50004: Fact("token endpoint forbidden", "the account may not fetch tokens"),
    50007: Fact("account is frozen", "the account is frozen"),
    61010: Fact("code is expired", "content safety: the user has not opened the program for two hours"),
    85079: Fact("miniprogram has no online release", "links: nothing has been released"),
    85096: Fact("scancode_time is reserved", "scancode_time may not be used in scene"),
    85401: Fact("invalid expire time", "links: expiry in the past or more than thirty days away"),
    85402: Fact("invalid env_version", "links: not release, trial or develop"),
    85406: Fact("reach the visit limit", "links: opened too often today"),
    85407: Fact("no permission to generate", "links: this account may not make them"),
    85408: Fact("generation is banned", "links: making them is banned"),
    87007: Fact("session_key is not existed or expired", "the user must log in again"),
    87008: Fact("invalid sig_method", "only hmac_sha256 is known"),
    87009: Fact("invalid signature", "the signature was not made with the current session_key"),
    87020: Fact("the same media is checked too often", "media check: remember the earlier verdict"),
    89503: Fact("this ip must be confirmed by the administrator", "the address waits for a confirmation"),
    89506: Fact("this ip was refused, retry after 24 hours", "the administrator refused it twice"),
    89507: Fact("this ip was refused, retry after 1 hour", "the administrator refused it"),
}

CORP: dict[int, Fact] = {
    -1: Fact("system busy", "busy: retry three times at most"),
    40001: Fact("invalid credential", "bad secret: a configuration fault, never a reason to refresh a token"),
    40003: Fact("invalid userid", "the userid is not spelled like one"),
    40013: Fact("invalid corpid", "unknown corpid"),
    40014: Fact("invalid access_token", "unknown or malformed token"),
    40029: Fact("invalid code", "no such OAuth code"),
    40035: Fact("invalid parameter", "a parameter is empty or of the wrong type"),
    40056: Fact("invalid agentid", "not the app of this token, or text where a number belongs"),
    40058: Fact("invalid args", "a parameter breaks its rule"),
    40063: Fact("some parameters are empty", "a parameter that is needed is empty"),
    40068: Fact("invalid tagid", "no such tag"),
    40091: Fact("invalid secret", "the secret is no good any more"),
    40093: Fact("invalid jsapi signature", "the page was signed wrongly"),
    41001: Fact("access_token missing", "the call needs a token in its query"),
    41002: Fact("corpid missing", "corpid is empty"),
    41004: Fact("corpsecret missing", "corpsecret is empty"),
    41008: Fact("missing code", "code is empty"),
    41011: Fact("agentid missing", "the message does not say which app sends it"),
    42001: Fact("access_token expired", "the token was good and is too old now"),
    42003: Fact("code expired", "the OAuth code is older than five minutes"),
    42012: Fact("invalid jsapi_ticket", "the ticket is one of another app or of another kind"),
    42014: Fact("invalid task_id", "task_id is missing, malformed or was used before"),
    42015: Fact("card belongs to another app", "the card was sent by another app"),
    42016: Fact("unknown task_id", "no card has this task_id"),
    42022: Fact("code already used", "the OAuth code was used before"),
    42031: Fact("invalid card_type", "card_type is not one of the five"),
    42038: Fact("invalid button text", "a button has no text"),
    42039: Fact("invalid button key", "the key of a button is missing, too long or used twice"),
    42043: Fact("invalid question_key", "question_key is missing, too long or used twice"),
    42045: Fact("invalid card_action", "a notice card needs somewhere to go"),
    42046: Fact("invalid submit_button", "the submit button has no text"),
    42047: Fact("invalid select_list", "a card has one to three selectors"),
    42049: Fact("invalid submit_button key", "the key of the submit button is missing or too long"),
    42051: Fact("duplicate action_menu key", "the keys of the menu are missing or used twice"),
    43001: Fact("require GET method", "this call is GET only"),
    43002: Fact("require POST method", "this call is POST only"),
    43012: Fact("callback url not set", "template cards need an app with a callback address"),
    44002: Fact("empty post data", "a POST without a body"),
    44004: Fact("empty content", "the message has no content"),
    45002: Fact("content size out of limit", "a part of the message is too long"),
    45009: Fact("api freq out of limit", "too many calls: blocked for a while"),
    45033: Fact("api concurrent out of limit", "too many calls at once"),
    46004: Fact("user not exist", "no such member"),
    47001: Fact("data format error", "the body is not a JSON object"),
    48001: Fact("api unauthorized", "nobody has given the app this call"),
    48002: Fact("api forbidden", "the app may not use this call"),
    50001: Fact("redirect_url not trusted", "the domain of the page is none of the app's"),
    50002: Fact("user out of permission", "the member lies outside of what the app may see"),
    50003: Fact("app is disabled", "the app is switched off"),
    60003: Fact("department not found", "no such department"),
    60011: Fact("no privilege to access", "the member lies outside of what the app may see"),
    60020: Fact("not allow to access from your ip", "the caller's address is not a trusted one"),
    60021: Fact("userid out of visible range", "the member lies outside of what the app may see"),
    60111: Fact("userid not found", "no such member, or they have left"),
    60123: Fact("invalid party id", "the number of a department is missing or none"),
    60140: Fact("response_code invalid", "the code was used before, is unknown or older than 72 hours"),
    81013: Fact("user & party & tag all invalid", "none of the recipients exists"),
    301002: Fact("no permission on this agentid", "the token is one of another app"),
}


class Refused(Exception):
    """The platform answers with this errcode; `detail` fills the slot of its text."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        super().__init__(errcode, detail)
        self.errcode = errcode
        self.detail = detail


def mini_message(refused: Refused, now_s: float) -> str:
    """The text with the request id the mini-program host adds: ` rid: xxxxxxxx-xxxxxxxx-xxxxxxxx`."""
    text = MINI.get(refused.errcode, Fact("error", "")).text.format(refused.detail)
    noise = secrets.token_hex(8)
    return f"{text} rid: {int(now_s):08x}-{noise[:8]}-{noise[8:]}"


def corp_message(refused: Refused, now_s: float, address: str) -> str:
    """The text with the hint and the address the WeCom host adds."""
    text = CORP.get(refused.errcode, Fact("error", "")).text.format(refused.detail)
    hint = f"{int(now_s)}_{secrets.token_hex(16)}"
    more = f"more info at https://open.work.weixin.qq.com/devtool/query?e={refused.errcode}"
    return f"{text}, hint:[{hint}], from ip: {address}, {more}"
