"""Payees 收费单位: added, changed and switched off by the bookkeepers. What was paid to one stays paid to it."""

from msgspec.structs import replace

from schemas.payees import ChangePayee, NewPayee
from server import audit
from server.bills import OF_CASES, PAYEES, Payee
from server.kit.chance import chance
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, NotFound
from server.sessions import Actor


class PayeeUnknown(NotFound):
    """没有这家收费单位，请刷新后再看"""


class PayeeThere(Conflict):
    """这家收费单位已经有了，请核对名称"""


def listed(reader: Reader) -> list[Payee]:
    """Those in use first."""
    found = (one for one in reader.everything(PAYEES).items.values() if one.kind not in OF_CASES)
    return sorted(found, key=lambda one: (not one.active, one.kind, one.name))


def find(reader: Reader, payee_id: str) -> Payee:
    """Also one that is switched off. Raises PayeeUnknown."""
    found = reader.recall(PAYEES, payee_id)
    if found is None:
        raise PayeeUnknown
    return found


async def add(tx: Tx, new: NewPayee, actor: Actor) -> Payee:
    """Raises PayeeThere."""
    await _check_name(tx, new.name, "")
    made = Payee(
        id=f"payee-{chance.hex(6)}", name=new.name, kind=new.kind, phone=new.phone, online=new.online
    )
    await tx.insert(PAYEES, made)
    audit.note(tx, actor, "console", "payee.add", made.id)
    return made


async def change(tx: Tx, payee_id: str, wanted: ChangePayee, actor: Actor) -> Payee:
    """Raises PayeeUnknown, PayeeThere."""
    one = await _one(tx, payee_id)
    await _check_name(tx, wanted.name, one.id)
    changed = replace(one, name=wanted.name, phone=wanted.phone, online=wanted.online)
    await tx.put(PAYEES, changed)
    audit.note(tx, actor, "console", "payee.change", one.id)
    return changed


async def switch(tx: Tx, payee_id: str, actor: Actor, *, active: bool) -> Payee:
    """Of one that is off no bill is looked up, entered or paid; what is being paid goes on. Raises PayeeUnknown."""
    one = await _one(tx, payee_id)
    changed = replace(one, active=active)
    await tx.put(PAYEES, changed)
    audit.note(tx, actor, "console", "payee.on" if active else "payee.off", one.id)
    return changed


async def _one(tx: Tx, payee_id: str) -> Payee:
    """As it is stored now, not as memory has it. Raises PayeeUnknown."""
    found = await tx.get(PAYEES, payee_id)
    if found is None:
        raise PayeeUnknown
    return found


async def _check_name(tx: Tx, name: str, own_id: str) -> None:
    """Raises PayeeThere."""
    same = await tx.first(PAYEES, {"name": name, "_id": {"$ne": own_id}})
    if same is not None:
        raise PayeeThere(field="name")
