"""Whose bills somebody sees and pays: their own, and those of family who let them (server/proxies.py).

What the family member may do is asked of the database once more when something is written, so a proxy that was taken
back is felt at once.
"""

from server import proxies
from server.bills.stored import BILLS, Bill, BillNotFound, NotTheirBill
from server.kit.db import Reader, Tx
from server.sessions import Actor, Principal

SCOPE = "bills"
OF_CASES = "bookings"
"""Who may order for somebody may also pay for what was ordered."""


def whose(actor: Actor, *named: str | None) -> str:
    """The resident it is for, as the request names them; the caller where it names nobody. Raises NotTheirBill."""
    wanted = set(named) - {None}
    if len(wanted) > 1:
        raise NotTheirBill(field="resident_id")
    whom = wanted.pop() if wanted else actor.id
    if whom != actor.id and not actor.acts_for(whom, SCOPE):
        raise NotTheirBill(field="resident_id")
    return whom or actor.id


def residents_of(actor: Actor, scope: str = SCOPE) -> list[str]:
    """Whose bills they see, each once."""
    others = [one.resident_id for one in actor.principals if scope in one.scopes]
    return list(dict.fromkeys([actor.id, *others]))


def scope_of(case_no: str | None) -> str:
    """What a proxy must allow for somebody to pay a bill, or the price of this case."""
    return SCOPE if case_no is None else OF_CASES


async def find(reader: Reader, bill_id: str, resident_id: str) -> Bill:
    """A bill of this resident. Raises BillNotFound."""
    found = await reader.get(BILLS, bill_id)
    if found is None or found.resident_id != resident_id:
        raise BillNotFound
    return found


async def seen_by(reader: Reader, bill_id: str, actor: Actor) -> Bill:
    """A bill of theirs or of their family. Raises BillNotFound."""
    found = await reader.get(BILLS, bill_id)
    if found is None or found.resident_id not in residents_of(actor, scope_of(found.case_no)):
        raise BillNotFound
    return found


async def by_proxy(tx: Tx, actor: Actor, resident_id: str, scope: str = SCOPE) -> str | None:
    """The proxy by which something is done for this resident, None for one's own. Raises ProxyEnded."""
    if actor.kind != "resident" or resident_id == actor.id:
        return None
    return (await proxies.confirm(tx, actor, resident_id, scope)).id


def principal_text(reader: Reader, actor: Actor | None, resident_id: str) -> str:
    """`母亲 王桂英`, of somebody for whom the caller acts; empty for their own."""
    held = _held(actor, resident_id)
    return principal_of(reader, held.proxy_id) if held else ""


def principal_of(reader: Reader, proxy_id: str) -> str:
    """For whom somebody acts by this proxy, as they call them."""
    proxy = reader.recall(proxies.PROXIES, proxy_id)
    if proxy is None:
        return "家人"
    return " ".join(one for one in (proxy.relation, proxy.principal_name) if one) or "家人"


def _held(actor: Actor | None, resident_id: str) -> Principal | None:
    if actor is None or actor.kind != "resident" or resident_id == actor.id:
        return None
    fitting = (one for one in actor.principals if one.resident_id == resident_id and SCOPE in one.scopes)
    return next(fitting, None)


def holder_text(reader: Reader, proxy_id: str) -> str:
    """The name of whoever acts by this proxy."""
    proxy = reader.recall(proxies.PROXIES, proxy_id)
    return (proxy.holder_name if proxy else "") or "家人"
