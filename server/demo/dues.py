"""What the payees' agency in the sandbox has open: the bills of the example street's residents, by account number.

An account number is two letters for the payee and the resident's number in six digits; amounts are made up by a rule, so
that a bill is the same whenever it is asked for.
"""

from datetime import date, timedelta
from random import Random

from server.sandbox.dues import Due

KINDS = (
    ("payee-electricity", "DL", (4_000, 26_000), -1),
    ("payee-telecom", "DX", (2_900, 19_900), -1),
    ("payee-tv", "GD", (2_500, 6_000), 0),
    ("payee-medical", "YB", (40_000, 40_000), 0),
    ("payee-pension", "YL", (100_000, 300_000), 0),
    ("payee-property-2", "WY", (60_000, 150_000), 0),
)
"""Payee, letters of its accounts, least and most that a bill is, and of which month."""
PEOPLE = 40


def every(day: date) -> dict[str, Due]:
    """All that is open on that day, by the number of the bill."""
    found = [due for number in range(1, PEOPLE + 1) for due in of(number, day)]
    return {one.bill_no: one for one in found}


def of(number: int, day: date) -> list[Due]:
    """The bills of the so many-th resident."""
    return [bill(kind, number, day) for kind in KINDS]


def bill(kind: tuple[str, str, tuple[int, int], int], number: int, day: date) -> Due:
    """The bill of one kind that lies at the agency on that day, on the account with this number."""
    payee, letters, (least, most), months = kind
    account = f"{letters}{number:06d}"
    period = month(day, months)
    chance = Random(f"demo-due-{account}-{period}")
    return Due(
        bill_no=f"{account}-{period:%Y%m}",
        payee=payee,
        account_no=account,
        holder="示例用户",
        period=f"{period:%Y-%m}",
        amount_fen=chance.randint(least // 10, most // 10) * 10,
        due=(month(day, 1) + timedelta(days=9)).isoformat(),
    )


def month(day: date, months: int) -> date:
    """The first day of the month so many months from this one."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
