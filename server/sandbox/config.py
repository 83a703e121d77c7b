"""What the sandbox pretends to be: one mini-program, one WeCom app, their templates, pages and limits.

It answers anybody and keeps its data in the open, so it refuses everything but example credentials.
"""

from typing import Literal

from msgspec import Struct, field

from .dues import Due
from .pay_keys import PayKeys
from .quotas import Quotas
from .sms_account import SmsAccount
from .values import type_of

EXAMPLES = {
    "appid": "wxdemo",
    "secret": "example-",
    "corpid": "wwdemo",
    "corpsecret": "example-",
    "token": "example-",
    "encoding_aes_key": "example",
    "mini_token": "example-",
    "mini_encoding_aes_key": "example",
}


class RealCredentials(ValueError):
    """A credential that is not an example was handed to the sandbox."""


class Template(Struct, frozen=True, kw_only=True):
    """A message template; `keys` gives the label of each key, `choices` the published values of enum keys."""

    template_id: str
    title: str
    kind: Literal["one_time", "long_term"] = "one_time"
    keys: dict[str, str]
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for key in self.keys:
            type_of(key)


class Member(Struct, frozen=True, kw_only=True):
    """Somebody whom the login page offers; `note` says what they do, which WeCom calls their position."""

    userid: str
    name: str
    note: str = ""
    department: tuple[int, ...] = (1,)
    tags: tuple[int, ...] = ()


class Department(Struct, frozen=True, kw_only=True):
    """Number 1 is the company itself, which is below 0."""

    id: int
    name: str
    parentid: int = 1
    order: int = 100_000_000


class Tag(Struct, frozen=True, kw_only=True):
    """Members carry its number; whole `departments` can have it, too."""

    id: int
    name: str
    departments: tuple[int, ...] = ()


_STATUS_KEYS = {
    "thing1": "服务项目",
    "character_string2": "办件编号",
    "time3": "预约时间",
    "phrase4": "当前状态",
    "thing5": "温馨提示",
}
_TRIP_KEYS = {
    "thing1": "行程",
    "character_string2": "办件编号",
    "time3": "出发时间",
    "phrase4": "当前状态",
    "thing5": "温馨提示",
}
_VISIT_KEYS = {
    "thing1": "服务项目",
    "name2": "服务人员",
    "time3": "上门时间",
    "character_string4": "开始口令",
    "thing5": "温馨提示",
}
_CASE_KEYS = {
    "thing1": "办理事项",
    "character_string2": "办件编号",
    "phrase3": "当前状态",
    "thing4": "温馨提示",
}
_PAYMENT_KEYS = {
    "thing1": "缴费项目",
    "amount2": "金额",
    "phrase3": "缴费状态",
    "time4": "时间",
    "thing5": "温馨提示",
}
_BILL_KEYS = {"thing1": "缴费项目", "amount2": "应缴金额", "date3": "缴费期限", "thing4": "温馨提示"}

TEMPLATES = (
    Template(template_id="tmpl-booking-submitted", title="预约提交通知", keys=_STATUS_KEYS),
    Template(template_id="tmpl-booking-confirmed", title="预约确认通知", keys=_STATUS_KEYS),
    Template(template_id="tmpl-booking-assigned", title="上门人员通知", keys=_VISIT_KEYS),
    Template(template_id="tmpl-booking-started", title="服务开始通知", keys=_STATUS_KEYS),
    Template(template_id="tmpl-booking-done", title="服务完成通知", keys=_STATUS_KEYS),
    Template(template_id="tmpl-booking-changed", title="预约变更通知", keys=_STATUS_KEYS),
    Template(template_id="tmpl-booking-quoted", title="报价通知", keys=_STATUS_KEYS),
    Template(template_id="tmpl-ticket-quoted", title="车票报价通知", keys=_TRIP_KEYS),
    Template(template_id="tmpl-ticket-issued", title="出票结果通知", keys=_TRIP_KEYS),
    Template(template_id="tmpl-ticket-changed", title="车票进展通知", keys=_TRIP_KEYS),
    Template(template_id="tmpl-ride-changed", title="用车进展通知", keys=_CASE_KEYS),
    Template(template_id="tmpl-trip-soon", title="出行提醒", keys=_TRIP_KEYS),
    Template(template_id="tmpl-case-progress", title="办理进度通知", keys=_STATUS_KEYS),
    Template(template_id="tmpl-rating-asked", title="服务评价提醒", keys=_CASE_KEYS),
    Template(template_id="tmpl-followup-changed", title="回访进展通知", keys=_CASE_KEYS),
    Template(template_id="tmpl-complaint-changed", title="投诉进展通知", keys=_CASE_KEYS),
    Template(template_id="tmpl-bundle-changed", title="一件事进展通知", keys=_CASE_KEYS),
    Template(template_id="tmpl-approval-progress", title="审批进度通知", keys=_CASE_KEYS),
    Template(template_id="tmpl-approval-supplement", title="补正材料通知", keys=_CASE_KEYS),
    Template(template_id="tmpl-approval-result", title="审批结果通知", keys=_CASE_KEYS),
    Template(template_id="tmpl-payment-result", title="缴费结果通知", keys=_PAYMENT_KEYS),
    Template(template_id="tmpl-payment-refund", title="退款通知", keys=_PAYMENT_KEYS),
    Template(template_id="tmpl-bill-new", title="新账单通知", keys=_BILL_KEYS),
    Template(template_id="tmpl-bill-due", title="账单到期提醒", keys=_BILL_KEYS),
    Template(
        template_id="tmpl-points-expiring",
        title="积分到期提醒",
        keys={"thing1": "内容", "number2": "积分", "date3": "到期日", "thing4": "温馨提示"},
    ),
    Template(
        template_id="tmpl-auto-pay-changed",
        title="自动缴费开通通知",
        keys={"thing1": "缴费项目", "phrase2": "当前状态", "thing3": "温馨提示"},
    ),
    Template(
        template_id="tmpl-auto-pay",
        title="自动缴费提醒",
        keys={"thing1": "缴费项目", "amount2": "金额", "phrase3": "当前状态", "thing4": "温馨提示"},
    ),
    Template(
        template_id="tmpl-proxy-changed",
        title="代办授权通知",
        keys={"thing1": "事项", "time2": "时间", "thing3": "说明"},
    ),
    Template(
        template_id="tmpl-proxy-acted",
        title="代办提醒",
        keys={"thing1": "事项", "time2": "时间", "thing3": "说明"},
    ),
    Template(
        template_id="tmpl-profile-changed",
        title="资料变更通知",
        keys={"thing1": "事项", "time2": "时间", "thing3": "说明"},
    ),
    Template(
        template_id="tmpl-announcement-new",
        title="社区公告通知",
        keys={"thing1": "公告标题", "thing2": "发布单位", "time3": "发布时间", "thing4": "温馨提示"},
    ),
    Template(
        template_id="tmpl-comment-answered",
        title="留言回复通知",
        keys={"thing1": "公告标题", "thing2": "回复内容", "thing3": "回复单位", "time4": "回复时间"},
    ),
    Template(
        template_id="tmpl-digest",
        title="消息汇总提醒",
        keys={"thing1": "消息内容", "number2": "消息条数", "thing3": "温馨提示"},
    ),
    Template(
        template_id="tmpl-case-message",
        title="办件回复通知",
        keys={
            "thing1": "办理事项",
            "character_string2": "办件编号",
            "thing3": "回复内容",
            "time4": "回复时间",
        },
    ),
    Template(
        template_id="tmpl-waitlist-offered",
        title="候补空位通知",
        keys={"thing1": "服务名称", "time3": "时间", "phrase4": "当前状态", "thing5": "温馨提示"},
    ),
    Template(
        template_id="tmpl-plan-conflict",
        title="定期服务变更通知",
        keys={"thing1": "服务名称", "time3": "时间", "phrase4": "当前状态", "thing5": "温馨提示"},
    ),
    Template(
        template_id="tmpl-street-notice",
        title="街道办事通知",
        kind="long_term",
        keys={"thing1": "办理事项", "time2": "通知时间", "thing3": "办理说明"},
    ),
)
PAGES = (
    "pages/home/index",
    "pages/inbox/index",
    "packages/announcements/pages/announcement/index",
    "packages/bills/pages/autopay/index",
    "packages/bills/pages/pay/index",
    "packages/bills/pages/saved/index",
    "packages/bills/pages/receipt/index",
    "packages/bookings/pages/case/index",
    "packages/cases/pages/case/index",
    "packages/me/pages/ahead/index",
    "packages/me/pages/profile/index",
    "packages/me/pages/proxies/index",
    "packages/me/pages/tags/index",
    "packages/points/pages/points/index",
)


class SandboxConfig(Struct, frozen=True, kw_only=True):
    """All settings of a sandbox.

    `allowed_ips` empty means every address; `quotas` replaces the published ones path by path;
    `hmac_key` is the form of session_key that checksession signatures are made with: its text or its bytes;
    `send_takes_ms` is how long one subscribe message keeps its receiver busy; `tell_msgid` adds `msgid` to
    the answer of a send, which the platform's response table does not promise; `members` are the people to
    choose from when staff log in, and all there are at first; without any, whoever is asked for by name exists.
    Without a `callback_url` the app may send no template cards; what is sent there is signed with `token` and
    encrypted with `encoding_aes_key`. What residents do is told to `mini_callback_url` in the same way, with the other
    pair of secrets; `tell_sent`: also what became of each subscribe message. `accounts` is for how many members the
    company has paid. `dues` is what the payees' agency has open at first, by the number of the bill. `sms` is
    the street's account at the provider of short messages.
    """

    appid: str = "wxdemo0000000000"
    secret: str = "example-wechat-secret"
    corpid: str = "wwdemo0000000000"
    agentid: int = 1000002
    corpsecret: str = "example-wecom-secret"
    callback_url: str = ""
    token: str = "example-wecom-token"
    encoding_aes_key: str = "exampleWeComKeyForTheDemoAndTheTestsAlone00"
    account: str = "gh_demo00000000"
    mini_callback_url: str = ""
    mini_token: str = "example-wechat-token"
    mini_encoding_aes_key: str = "exampleWeComKeyForTheDemoAndTheTestsAlone00"
    tell_sent: bool = True
    web_base: str = "http://127.0.0.1:8000"
    state_file: str = ""
    allowed_ips: tuple[str, ...] = ()
    templates: tuple[Template, ...] = TEMPLATES
    pages: tuple[str, ...] = PAGES
    members: tuple[Member, ...] = ()
    departments: tuple[Department, ...] = (Department(id=1, name="街道办事处", parentid=0),)
    tags: tuple[Tag, ...] = ()
    accounts: int = 1_000
    quotas: Quotas = field(default_factory=dict)
    messages_per_user: int = 2_000
    session_key_days: float = 3.0
    hmac_key: Literal["text", "bytes"] = "text"
    send_takes_ms: float = 0.0
    tell_msgid: bool = False
    same_media_per_day: int = 10
    unchecked_pages: int = 60_000
    pay: PayKeys | None = None
    dues: dict[str, Due] = field(default_factory=dict)
    sms: SmsAccount = SmsAccount()

    def __post_init__(self) -> None:
        if not all(one.startswith("example-") for one in (self.sms.secret_id, self.sms.secret_key)):
            raise RealCredentials("the sandbox takes examples only: those of sms must start with 'example-'")
        for name, prefix in EXAMPLES.items():
            if not str(getattr(self, name)).startswith(prefix):
                raise RealCredentials(f"the sandbox takes examples only: {name} must start with {prefix!r}")
