"""Passengers as everybody sees them: masked."""

from datetime import timedelta

from schemas.passengers import FindPassengers, IdKindChoice, IdKindsView, PassengersView, PassengerView
from server import proxies
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader
from server.kit.vault import Vault
from server.passengers.papers import PAPERS, age, masked_number
from server.passengers.saving import unused_until, whose
from server.passengers.stored import PASSENGERS, Passenger, opened
from server.sessions import Actor
from server.words import masked, masked_name


async def listed(
    reader: Reader, query: FindPassengers, actor: Actor, vault: Vault, rules: Settings
) -> PassengersView:
    """The newest first. Raises ResidentNotFound, NotTheirPassengers."""
    resident_id = await whose(reader, actor, query.resident_id)
    page = await reader.page(
        PASSENGERS, {"resident_id": resident_id}, sort="-at", cursor=query.cursor, limit=query.limit
    )
    items = [view(reader, one, vault, rules) for one in page.items]
    return PassengersView(items=items, next=page.next, most=rules.passengers.most)


def view(reader: Reader, one: Passenger, vault: Vault, rules: Settings) -> PassengerView:
    person = opened(vault, one.sealed, one.id)
    until = one.due_at or unused_until(one.used_at or one.at, rules)
    return PassengerView(
        id=one.id,
        resident_id=one.resident_id,
        name_masked=masked_name(person.name),
        relation=person.relation,
        id_kind=person.id_kind,
        id_kind_text=PAPERS[person.id_kind].text,
        id_no_masked=masked_number(person.id_no),
        phone_masked=masked(person.phone),
        age=age(person.birthday, today(reader.now)),
        added_by_text=_added_by(reader, one),
        added_at=one.at,
        used_at=one.used_at,
        kept_until=today(until - timedelta(milliseconds=1)),
    )


def _added_by(reader: Reader, one: Passenger) -> str:
    if one.proxy_id is not None:
        proxy = reader.recall(proxies.PROXIES, one.proxy_id)
        return f"家人{proxy.holder_name if proxy else ''}代填"
    return "窗口代填" if one.added_by.startswith("staff:") else ""


def id_kinds() -> IdKindsView:
    """The papers that somebody can travel with, the usual one first."""
    return IdKindsView(
        items=[
            IdKindChoice(value=name, text=paper.text, has_birthday=paper.dated, hint=paper.hint)
            for name, paper in PAPERS.items()
        ]
    )
