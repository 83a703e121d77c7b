"""What stands on each paper, as an official letter says it."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from msgspec import Struct, to_builtins

from server.config import Settings
from server.documents.stored import Basis, Document
from server.kit.clock import SHANGHAI

_DIGITS = "〇一二三四五六七八九"
_TEN = 10
_SHOWN = 18
"""An identity number has so many characters; of one the first six and the last four are shown."""


_FOLLOW = "办理到哪一步，可以在小程序“诃额伦”里随时查看，也可以凭办件编号和手机号后四位查询。"


class Sheet(Struct, frozen=True, kw_only=True):
    """What the template draws: paragraphs, a numbered list, more paragraphs, then a table; empty parts are left out.
    `verify` is the address that its QR code says."""

    layout: str
    title: str
    number: str
    office: str
    to: str
    date: str
    made: list[int]
    paragraphs: list[str] = []
    listed: list[str] = []
    after: list[str] = []
    rows: list[tuple[str, str]] = []
    case_no: str = ""
    verify: str = ""
    code: str = ""
    font: str = ""

    def plain(self) -> dict[str, Any]:
        told: dict[str, Any] = to_builtins(self)
        return told


def chinese_number(number: int) -> str:
    """From 1 to 99: 十, 十一, 二十."""
    tens, ones = divmod(number, _TEN)
    ten = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return ten + (_DIGITS[ones] if ones or not tens else "")


def chinese_date(moment: datetime | date) -> str:
    """二〇二六年十一月二十七日, as letters are dated."""
    day = moment.astimezone(SHANGHAI).date() if isinstance(moment, datetime) else moment
    year = "".join(_DIGITS[int(one)] for one in str(day.year))
    return f"{year}年{chinese_number(day.month)}月{chinese_number(day.day)}日"


def number(rules: Settings, word: str, document: Document) -> str:
    """诃街受〔2026〕12 号."""
    return f"{rules.documents.word}{word}〔{document.year}〕{document.serial} 号"


def masked_identity(text: str) -> str:
    """152723********4321; of anything shorter nothing but its last two characters."""
    if len(text) >= _SHOWN:
        return f"{text[:6]}{'*' * (len(text) - 10)}{text[-4:]}"
    return f"{'*' * (len(text) - 2)}{text[-2:]}" if len(text) > 2 else ""


def sheet(document: Document, basis: Basis, rules: Settings) -> Sheet:
    """The words of a paper; its number must be known."""
    local = document.at.astimezone(SHANGHAI)
    words = _WORDS[document.kind](document, basis, rules)
    return Sheet(
        layout="certificate" if document.kind == "certificate" else "letter",
        title=document.title,
        number=document.number,
        office=rules.documents.office,
        to=basis.name,
        date=chinese_date(document.at),
        made=[local.year, local.month, local.day, local.hour, local.minute, local.second],
        case_no=document.case_no,
        font=rules.documents.font,
        **words,
    )


def _you(basis: Basis) -> str:
    shown = f"（{basis.who}）" if basis.who else ""
    return f"您{shown}于{chinese_date(basis.applied_at)}提出的“{basis.item}”申请"


def _accepted(document: Document, basis: Basis, rules: Settings) -> dict[str, Any]:
    law = "参照《中华人民共和国行政许可法》第三十二条的规定"
    if basis.deemed:
        told = f"{_you(basis)}，本机关没有在规定的期限内告知您是否受理。{law}，自收到申请之日起即为受理。"
    else:
        told = f"{_you(basis)}收悉。经审查，申请材料齐全、符合规定形式，{law}，决定予以受理。"
    outside = f"{'、'.join(basis.outside)}所需的时间不计入上述期限。" if basis.outside else ""
    rows = [("办理事项", basis.item), ("办件编号", document.case_no)]
    if basis.promised_days:
        rows.append(("承诺办结时限", f"自受理之日起 {basis.promised_days} 个工作日"))
    if basis.legal_days:
        rows.append(("法定办结时限", f"自受理之日起 {basis.legal_days} 个工作日"))
    if basis.lines:
        rows.append(("收到的材料", "；".join(basis.lines)))
    return {"paragraphs": [told], "rows": rows, "after": [outside + _FOLLOW]}


def _supplement(document: Document, basis: Basis, rules: Settings) -> dict[str, Any]:
    law = "参照《中华人民共和国行政许可法》第三十二条第一款第四项的规定"
    told = f"{_you(basis)}收悉。经审查，申请材料不齐全或者不符合规定形式。{law}，现将需要补正的全部内容一次告知您："
    after = [f"补充说明：{basis.note}"] if basis.note else []
    when = f"请于 {basis.until} 前" if basis.until else "请尽快"
    after.append(
        f"{when}补正，可在小程序“诃额伦”中上传，也可以交到任一社区便民窗口，不必另行申请。补正所用的时间不计入办理时限；逾期没有补正的，视为撤回申请，您可以重新提出。"
    )
    return {"paragraphs": [told], "listed": basis.lines, "after": after, "rows": _case_row(document, basis)}


def _not_accepted(document: Document, basis: Basis, rules: Settings) -> dict[str, Any]:
    told = f"{_you(basis)}收悉。经审查，依据{basis.ground}，决定不予受理。"
    return {
        "paragraphs": [told, f"理由：{basis.reason}"],
        "after": [remedy("通知", basis.level, rules)],
        "rows": _case_row(document, basis),
    }


def _granted(document: Document, basis: Basis, rules: Settings) -> dict[str, Any]:
    given = "准予发放" if basis.payment else "准予"
    told = f"{_you(basis)}，经审查，符合规定的条件和标准，决定{given}。"
    after = [f"决定意见：{basis.opinion}"] if basis.opinion else []
    rows = _case_row(document, basis)
    if basis.result_name:
        rows.append(("办理结果", basis.result_name))
    if basis.delivery:
        rows.append(("送达方式", basis.delivery))
    return {"paragraphs": [told], "after": after, "rows": rows}


def _denied(document: Document, basis: Basis, rules: Settings) -> dict[str, Any]:
    told = f"{_you(basis)}，经审查，不符合规定的条件、标准。依据{basis.ground}，决定不予准许。"
    return {
        "paragraphs": [told, f"理由：{basis.reason}"],
        "after": [remedy("决定", basis.level, rules)],
        "rows": _case_row(document, basis),
    }


def _certificate(document: Document, basis: Basis, rules: Settings) -> dict[str, Any]:
    """Rows only: what a certificate says is a table."""
    rows = [("姓名", basis.name)]
    if basis.who:
        label, _, who = basis.who.partition("：")
        rows.append((label, who))
    rows += [*basis.form.items(), ("办理事项", basis.item), ("发证日期", chinese_date(document.at))]
    told = f"经审核，{basis.name}符合“{basis.item}”的规定，特发此证。"
    return {"rows": rows, "paragraphs": [told]}


def _case_row(document: Document, basis: Basis) -> list[tuple[str, str]]:
    return [("办理事项", basis.item), ("办件编号", document.case_no)]


def remedy(what: str, level: str, rules: Settings) -> str:
    """How to object, as the item's level needs it: what a community deals with can be taken to the street first, and
    what the district decides is not the street's own decision."""
    own = rules.documents
    first = f"可以先向{own.office}反映，由街道复核；也可以" if level == "community" else "可以"
    district = f"本事项由区级主管部门审批，{own.office}转交本{what}。" if level == "district" else ""
    return (
        f"{district}如不服本{what}，您{first}自收到之日起六十日内，依据《中华人民共和国行政复议法》"
        f"向{own.review}申请行政复议；或者自收到之日起六个月内，依据《中华人民共和国行政诉讼法》"
        f"向{own.court}提起行政诉讼。"
    )


_WORDS: dict[str, Callable[[Document, Basis, Settings], dict[str, Any]]] = {
    "accepted": _accepted,
    "supplement": _supplement,
    "not_accepted": _not_accepted,
    "granted": _granted,
    "denied": _denied,
    "certificate": _certificate,
}
