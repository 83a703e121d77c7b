"""What the staff did: searched by who did it, by what or whom it was about, and by day."""

import functools
import sys
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow, endpoints
from handlers.page import MenuItem, Page, Shown
from schemas.audit import AuditEntryView, AuditView, FindAudit
from server import audit
from server.cards import CARDS
from server.cases.kinds import kinds
from server.kit.db import Reader
from server.kit.errors import Invalid
from server.staff import ROLE_TEXTS

_NO_ACT = "没有叫这个名字的操作，请换一个词，例如“确认”“登录”"
SEARCH_HINT = "请填写员工账号、办件编号或居民编号；日期如 2026-11-24"
_LOOKS = {
    "cases.open": "查看办件",
    "faults.export": "导出差错表",
    "sessions.enter": "登录",
    "sessions.leave": "退出登录",
    "sessions.end": "让别人退出登录",
    "roles.propose": "申请改角色",
    "roles.approve": "同意改角色",
    "roles.decline": "不同意改角色",
    "roles.withdraw": "撤回角色申请",
    "roles.lapse": "角色申请过期作废",
    "roles.mapped": "角色随通讯录变了",
    "staff.came": "到岗",
    "staff.changed": "通讯录资料变了",
    "staff.left": "离岗",
    "residents.find": "按电话查居民",
    "residents.reveal": "查看居民完整信息",
    "audit.get": "查看操作记录",
    "disability.get": "查看残疾人证",
    "disability.record": "登记残疾人证",
    "disability.remove": "删除残疾人证",
    "tags.get": "查看居民的标签",
    "tag.put": "给居民标标签",
    "tag.remove": "取消居民的标签",
    "tag.add": "添加标签",
    "tag.edit": "修改标签",
    "tag.retire": "停用标签",
    "tag.restore": "恢复标签",
    "clock.paused": "暂停计时",
    "clock.resumed": "恢复计时",
    "clock.extension_asked": "申请延长期限",
    "clock.extended": "同意延长期限",
    "clock.extension_refused": "不同意延长期限",
    "provider.suspend": "暂停服务商",
    "provider.lift": "恢复服务商",
    "certificate.hand_in": "交证件",
    "certificate.approve": "通过证件",
    "certificate.return": "退回证件",
    "item.draft": "写事项",
    "item.edit": "改事项",
    "item.propose": "把事项交给同事发布",
    "item.return": "退回事项",
    "item.publish": "发布事项",
    "item.replace": "用新的一版替换事项",
    "item.retire": "停用事项",
    "item.discard": "删除事项草稿",
    "price_list.draft": "写价格表",
    "price_list.approve": "批准价格表",
    "price_list.return": "退回价格表",
    "rates.draft": "写积分费率",
    "rates.approve": "批准积分费率",
    "rates.return": "退回积分费率",
    "rates.withdraw": "撤回积分费率",
    "tariff.draft": "写打车资费",
    "tariff.approve": "批准打车资费",
    "tariff.return": "退回打车资费",
    "tariff.withdraw": "撤回打车资费",
    "pos_file.send": "传对账文件",
    "pos_file.rejects": "下载对账文件里没有收的行",
    "terminal.register": "登记刷卡终端",
    "terminal.rekey": "给刷卡终端换密钥",
    "terminal.off": "停用刷卡终端",
    "terminal.on": "启用刷卡终端",
    "points.open": "查看居民的积分",
    "card.code": "发领卡码",
    "card.bind": "绑定邮储卡",
    "card.swap": "换邮储卡",
    "card.lost": "挂失邮储卡",
    "card.frozen": "冻结邮储卡",
    "card.active": "解除邮储卡的冻结或挂失",
    "service_version.create": "写新的服务",
    "service_version.change": "写服务的修改",
    "service_version.retire": "申请下架服务",
    "service_version.publish": "批准服务的新一版",
    "service_version.return": "退回服务的新一版",
    "service_version.withdraw": "撤回服务的新一版",
    "service_version.begin": "服务的新一版到日子生效",
    "bundle.draft": "写一件事",
    "bundle.published": "批准一件事",
    "bundle.returned": "退回一件事",
    "bundle.withdrawn": "撤回一件事",
    "announcement.draft": "写公告",
    "announcement.edit": "修改公告草稿",
    "announcement.publish": "发布公告",
    "announcement.schedule": "定时发布公告",
    "announcement.hold_back": "退回公告草稿",
    "announcement.correct": "更正公告",
    "announcement.withdraw": "撤回公告",
    "announcement.discard": "删除公告草稿",
    "announcement.open_comments": "开放公告留言",
    "announcement.close_comments": "关闭公告留言",
    "comment.show": "选登留言",
    "comment.hide": "不选登留言",
    "comment.answer": "回复留言",
    "workdays.post": "修改工作日历",
    "workdays.preview": "预览工作日历",
    "workdays.load": "导入工作日历",
    "bills.find": "按户号查账单",
    "bills.enter": "录入账单",
    "bills.void": "作废账单",
    "ledger.account": "查看居民的积分账户",
    "ledger.check": "核对积分账本",
    "payee.add": "添加收费单位",
    "payee.change": "修改收费单位",
    "payee.off": "停用收费单位",
    "payee.on": "启用收费单位",
    "payments.look": "查看缴费",
    "payments.ask": "向微信查询订单",
    "refunds.look": "向微信查询退款",
    "outbox.drop": "不再发一条消息",
    "pauses.lift": "恢复发送一个模板",
    "push_figures.export": "导出消息统计",
    "message_templates.preview": "试写消息模板",
    "pay_check.run": "再对一次微信账单",
    "pay_check.export": "导出对账差异",
    "pay_difference.resolve": "说明对账差异",
    "pay_difference.confirm": "复核对账差异",
    "pay_difference.return": "退回对账差异",
    "refund.propose": "提出退款",
    "refund.approve": "同意退款",
    "refund.decline": "不同意退款",
    "refund.retry": "再向微信退一次款",
    "refund.hand": "登记另行退还",
    "refund.confirm": "核对另行退还",
    "cards.tap": "点消息卡片",
    **{f"cards.{one.action}": f"在卡片上点“{one.text}”" for kind in CARDS.values() for one in kind.buttons},
}
_VERBS = {"get": "查看", "post": "提交", "put": "修改", "patch": "修改", "delete": "删除"}


class Look(Struct, frozen=True):
    """What is looked for, as it was typed. `from` is a word of Python's."""

    actor: str = ""
    subject: str = ""
    act: str = ""
    from_: str = msgspec.field(default="", name="from")
    to: str = ""
    cursor: str = ""

    def address(self, **changed: str) -> str:
        wanted = {
            "actor": self.actor,
            "subject": self.subject,
            "act": self.act,
            "from": self.from_,
            "to": self.to,
            "cursor": self.cursor,
        }
        query = urlencode({name: value for name, value in (wanted | changed).items() if value})
        return f"/console/audit?{query}" if query else "/console/audit"


class Line(Struct, frozen=True):
    """A row as it is read: the deed in words, where there are words for it."""

    row: AuditEntryView
    deed: str
    roles: str
    outcome: str


async def picture(reader: Reader, look: Look) -> dict[str, Any]:
    """What the page is filled with."""
    found, problem = AuditView(items=[]), ""
    acts = _acts(look.act.strip())
    try:
        found = await audit.find(reader, _wanted(look), acts)
        problem = _NO_ACT if acts == [] else ""
    except msgspec.ValidationError:
        problem = SEARCH_HINT
    except Invalid as error:
        problem = error.message
    lines = [_line(one) for one in found.items]
    return {
        "look": look,
        "lines": lines,
        "next": found.next,
        "problem": problem,
        "acts": sorted(set(deeds().values())),
    }


@functools.cache
def deeds() -> dict[str, str]:
    """Every act that has words, as it is stored, and the words."""
    moves = [f"{kind.name}.{action}" for kind in kinds().values() for action in kind.flow.actions]
    nouns = {one.__module__.removeprefix("handlers.") for one in endpoints() if one.documented}
    calls = [f"{noun}.{verb}" for noun in nouns for verb in _VERBS]
    return {what: deed(what) for what in (*moves, *_LOOKS, *calls) if deed(what) != what}


def _acts(typed: str) -> list[str] | None:
    """The acts whose words have this in them, or the one that is named as it is stored; None: all."""
    if not typed:
        return None
    return [what for what, words in deeds().items() if typed in words or typed == what]


def _line(row: AuditEntryView) -> Line:
    roles = "、".join(ROLE_TEXTS.get(one, one) for one in row.roles)
    return Line(row, deed(row.what), roles, "" if row.outcome == audit.DONE else row.outcome)


def _wanted(look: Look) -> FindAudit:
    typed = {
        "actor": look.actor,
        "subject": look.subject,
        "from": look.from_,
        "to": look.to,
        "cursor": look.cursor,
    }
    return msgspec.convert({name: text.strip() for name, text in typed.items() if text.strip()}, FindAudit)


def deed(what: str) -> str:
    """`booking.confirm` → 上门服务·确认接单, `talks.post` → 办件留言·提交; what has no words is shown as it is."""
    noun, _, action = what.rpartition(".")
    kind = kinds().get(noun)
    declared = kind.flow.actions.get(action) if kind else None
    if kind and declared:
        return f"{kind.text}·{declared.text}"
    if what in _LOOKS:
        return _LOOKS[what]
    title, verb = getattr(sys.modules.get(f"handlers.{noun}"), "TITLE", ""), _VERBS.get(action)
    return f"{title}·{verb}" if title and verb else what


class Audit(Page):
    path = "/console/audit"
    menu = MenuItem("操作记录", "list", 80)

    @allow("admin")
    async def get(self, query: Look) -> Shown:
        """What the staff did, newest first."""
        facts = await self.building.db.reading(lambda reader: picture(reader, query))
        await self.saw("audit.get", query.actor.strip(), query.subject.strip())
        return Shown("console/audit.html", facts)
