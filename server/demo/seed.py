"""`python -m server seed`: the example street goes into the database, beside whatever was done there already.

Every document is put by its id: a second run changes what was changed in `data/`, deletes nothing and knows no case.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from msgspec.structs import replace

from server.bundles import BUNDLES
from server.catalogue import CATEGORIES, POOLS, PROVIDERS, SERVICES
from server.config import Settings
from server.demo import announcements, cars, items, money, papers, roles, street, tags
from server.demo.street import Street
from server.kit.clock import today
from server.kit.db import Collection, Reader, Stored, Tx
from server.kit.vault import Vault
from server.landmarks import LANDMARKS
from server.places import PLACES
from server.residents import RESIDENTS, Resident
from server.rosters import ROSTERS
from server.staff import STAFF


class Building(items.Store, Protocol):
    """What seeding needs of the building."""

    @property
    def settings(self) -> Settings: ...


async def load(building: Building) -> dict[str, int]:
    """Put the whole street, all or nothing, and then its points and bills; how many of what. Raises BadData before
    anything is written."""
    found = await asyncio.to_thread(street.read)
    vault = Vault(building.settings.field_key)
    now = building.db.now()
    kept = await asyncio.to_thread(papers.read, found, now, vault)
    disabled = await asyncio.to_thread(papers.disabled, found)
    told = await asyncio.to_thread(announcements.read, found, now)
    marks = await asyncio.to_thread(tags.read, found)
    spent = await asyncio.to_thread(money.read, found)
    applied, samples = await items.keep(building, await asyncio.to_thread(items.read))

    async def put(tx: Tx) -> None:
        for collection, rows in _contents(found):
            await tx.put_all(collection, rows)
        await papers.put(tx, kept)
        await tags.put(tx, marks)
        await announcements.put(tx, told)
        await items.put(tx, applied, samples)
        await roles.put(tx, found, now)
        await cars.put(tx, found.staff)
        registered = await _as_registered(tx, found.residents)
        people = [papers.disability(one, disabled, today(now), vault) for one in registered]
        await tx.put_all(RESIDENTS, [tags.tagged(one, marks) for one in people])

    await building.db.atomically(put)
    await building.db.renew()
    await money.load(building, found, spent)
    contents = {collection.name: len(rows) for collection, rows in _contents(found)}
    return contents | {RESIDENTS.name: len(found.residents)}


def _contents(found: Street) -> tuple[tuple[Collection[Any], Sequence[Stored]], ...]:
    """What is kept where; residents apart."""
    return (
        (PLACES, found.places),
        (LANDMARKS, found.landmarks),
        (CATEGORIES, found.categories),
        (PROVIDERS, found.providers),
        (POOLS, found.pools),
        (SERVICES, found.services),
        (BUNDLES, found.bundles),
        (STAFF, found.staff),
        (ROSTERS, found.rosters),
    )


async def _as_registered(tx: Tx, wanted: list[Resident]) -> list[Resident]:
    """Who logged in before the street was seeded keeps the id that their cases know, the certificate that is sealed for
    it, and their tags."""
    openids = [one.openid for one in wanted]
    known = await tx.all(RESIDENTS, {"openid": {"$in": openids}}, limit=len(openids))
    before = {one.openid: one for one in known}
    return [_kept(one, before.get(one.openid)) for one in wanted]


def _kept(wanted: Resident, known: Resident | None) -> Resident:
    if known is None:
        return wanted
    kept = {"disability": known.disability, "tags": known.tags, "declined": known.declined}
    return replace(wanted, id=known.id, **kept)


async def is_empty(building: Building) -> bool:
    """Whether nothing of the kinds that are seeded is there, from here or from elsewhere."""
    collections = (PLACES, CATEGORIES, PROVIDERS, POOLS, SERVICES, BUNDLES, STAFF, RESIDENTS)

    async def count(reader: Reader) -> int:
        return sum([await reader.count(one, {}, limit=1) for one in collections])

    return await building.db.reading(count) == 0
