"""Whom bills are paid to, as the street keeps them."""

from typing import Annotated

from msgspec import Meta

from schemas.bills import PayeeKind
from schemas.common import ONE_LINE, Line, Request

Telephone = Annotated[str, Meta(max_length=30, pattern=ONE_LINE, title="电话")]


class NewPayee(Request, frozen=True, kw_only=True):
    """`online`: its agency can be asked for the bills of an account; otherwise the window enters them."""

    name: Line
    kind: PayeeKind
    phone: Telephone = ""
    online: bool = False


class ChangePayee(Request, frozen=True, kw_only=True):
    """What kind of bills it sends stays as it is: bills that were paid name it."""

    name: Line
    phone: Telephone = ""
    online: bool = False
