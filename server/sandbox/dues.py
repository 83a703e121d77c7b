"""The bills of the collecting agency, and which payment paid which."""

from msgspec import Struct, field


class Due(Struct, kw_only=True):
    """A bill; `paid_by` is the number of the payment."""

    bill_no: str
    payee: str
    account_no: str
    holder: str
    period: str
    amount_fen: int
    due: str
    paid_by: str = ""


class Agency(Struct):
    """`payments` has the bill that each payment paid."""

    dues: dict[str, Due] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)
