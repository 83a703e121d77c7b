"""Accounts that somebody pays again and again: asked for new bills by schedule, reminded of in time."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.bills import AccountNo, Label, PayeeView
from schemas.common import Id, Request, View

RemindDays = Annotated[Literal[1, 3, 7], Meta(title="到期前几天提醒")]


class NewBillAccount(Request, frozen=True, kw_only=True):
    """One's own, or with `resident_id` of somebody for whom one may pay."""

    payee_id: Id
    account_no: AccountNo
    label: Label = ""
    remind_days: RemindDays = 3
    resident_id: Id | None = None


class ChangeBillAccount(Request, frozen=True, kw_only=True):
    """Only what is sent is changed."""

    label: Label | UnsetType = UNSET
    remind_days: RemindDays | UnsetType = UNSET


class BillAccountView(View, frozen=True, kw_only=True):
    """`title` is what it is called, or what it is for; `of_text` says whose it is, `母亲 王桂英`, and is empty for one's
    own. `open_count` bills of `open_fen` in all are to be paid. `asked_text` says when the payee was asked last, or why
    not; `trouble`: that it did not work."""

    id: str
    payee: PayeeView
    account_no: str
    label: str
    title: str
    of_text: str
    mine: bool
    remind_days: RemindDays
    open_count: int
    open_fen: int
    open_text: str
    asked_at: datetime | None
    asked_text: str
    trouble: bool


class BillAccountsView(View, frozen=True, kw_only=True):
    """`more`: there is room for another one."""

    items: list[BillAccountView]
    next: str | None = None
    more: bool
