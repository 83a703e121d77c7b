"""The example street's papers and price lists: what everybody has by rule, and the few that end soon."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta, Struct
from msgspec.structs import replace

from schemas.certificates import Of, PaperKind
from schemas.disability import DisabilityLevel, DisabilityNumber
from server.catalogue import PRICE_LISTS, Price, PriceList
from server.certificates import CERTIFICATES, PROVIDERS_OWN, Certificate, Paper, certificate_id
from server.demo import rows
from server.demo.rows import Row
from server.demo.street import DATA, Street
from server.kit.clock import today
from server.kit.db import Collection, Stored, Tx
from server.kit.vault import Vault
from server.residents import Disability, Resident

_BY, _APPROVED_BY = "demo-dispatcher", "demo-admin"
_SINCE = datetime(2026, 1, 1, tzinfo=UTC)
Days = Annotated[int, Meta(ge=-3650, le=3650)]


class Ending(Struct, kw_only=True):
    of: Of
    owner_id: str
    kind: PaperKind
    days: Days


class NextPrices(Struct, kw_only=True):
    provider_id: str
    days: Annotated[int, Meta(ge=1)]
    note: str
    prices: dict[str, Price]


class Disabled(Struct, kw_only=True):
    """A made-up disability certificate; `days` until it ends."""

    resident: str
    number: DisabilityNumber
    level: DisabilityLevel
    days: Days


class Recipe(Struct, kw_only=True):
    """What the file says. A paper that is not in `ends` ends `usual_days` from today."""

    usual_days: Days
    licence_issuer: str
    insurance_issuer: str
    worker_issuer: str
    ends: list[Ending] = []
    price_list: list[NextPrices] = []
    disabled: list[Disabled] = []


def _recipe(folder: Path) -> Row:
    path = folder / "papers.toml"
    return rows.Row(path.name, rows.document(path))


def disabled(street: Street, folder: Path = DATA) -> dict[str, Disabled]:
    """Who of the residents has a disability certificate, by openid. Raises BadData."""
    row = _recipe(folder)
    found = {one.resident: one for one in row.to(Recipe).disabled}
    for openid in found:
        row.know("resident", openid, {one.openid for one in street.residents})
    return found


def disability(resident: Resident, wanted: dict[str, Disabled], day: date, vault: Vault) -> Resident:
    """The same resident with the certificate that was read, unless they have one by now."""
    paper = wanted.get(resident.openid)
    if paper is None or resident.disability is not None:
        return resident
    written = Disability(
        number=vault.seal(paper.number, resident.id),
        level=paper.level,
        valid_until=day + timedelta(days=paper.days),
        recorded_by=_BY,
        recorded_at=_SINCE,
    )
    return replace(resident, disability=written)


def read(street: Street, now: datetime, vault: Vault, folder: Path = DATA) -> list[Stored]:
    """Raises BadData."""
    row = _recipe(folder)
    recipe = row.to(Recipe)
    owners = {one.id for one in (*street.providers, *street.staff)}
    for ending in recipe.ends:
        row.know("owner", ending.owner_id, owners)
    services = {one.id: one.provider_id for one in street.services}
    for new in recipe.price_list:
        for service_id in new.prices:
            row.know("service of that provider", services.get(service_id), [new.provider_id])
    return [*_papers(street, recipe, today(now), vault), *_lists(recipe, today(now))]


def _papers(street: Street, recipe: Recipe, day: date, vault: Vault) -> list[Certificate]:
    ends: dict[tuple[str, str, str], int] = {
        (one.of, one.owner_id, one.kind): one.days for one in recipe.ends
    }
    requires = {one.id: one.requires for one in street.categories}
    issuers = {"licence": recipe.licence_issuer, "insurance": recipe.insurance_issuer}
    wanted: list[tuple[Of, str, str, str]] = [
        ("provider", one.id, one.id, kind) for one in street.providers for kind in PROVIDERS_OWN
    ]
    for one in street.staff:
        kinds = sorted({kind for skill in one.skills for kind in requires[skill]})
        wanted += [("worker", one.id, one.grants[0].provider_id or "", kind) for kind in kinds]
    return [
        _certificate(
            *names,
            issuer=issuers.get(names[3], recipe.worker_issuer),
            until=day + timedelta(days=ends.get((names[0], names[1], names[3]), recipe.usual_days)),
            vault=vault,
        )
        for names in wanted
    ]


def _certificate(
    of: Of, owner_id: str, provider_id: str, kind: str, *, issuer: str, until: date, vault: Vault
) -> Certificate:
    item_id, number = certificate_id(of, owner_id, kind), f"示例-{owner_id}-{kind}"
    paper = Paper(
        number=vault.seal(number, item_id),
        tail=number[-4:],
        issuer=issuer,
        valid_until=until,
        handed_in_by=_BY,
        handed_in_at=_SINCE,
        answered_by=_APPROVED_BY,
        answered_at=_SINCE,
    )
    return Certificate(
        id=item_id, of=of, owner_id=owner_id, provider_id=provider_id, kind=kind, version=1, current=paper
    )


def _lists(recipe: Recipe, day: date) -> list[PriceList]:
    return [
        PriceList(
            id=f"{one.provider_id}|2",
            provider_id=one.provider_id,
            number=2,
            state="approved",
            valid_from=day + timedelta(days=one.days),
            prices=one.prices,
            note=one.note,
            author_id=_BY,
            author="孟和",
            created_at=_SINCE,
            approved_by=_APPROVED_BY,
            approved_at=_SINCE,
        )
        for one in recipe.price_list
    ]


async def put(tx: Tx, found: list[Stored]) -> None:
    """What is there already stays: it may have been renewed since."""
    for collection, kind in ((CERTIFICATES, Certificate), (PRICE_LISTS, PriceList)):
        items = [one for one in found if isinstance(one, kind)]
        await _put_missing(tx, collection, items)


async def _put_missing(tx: Tx, collection: Collection[Any], items: list[Any]) -> None:
    ids = [one.id for one in items]
    known = {one.id for one in await tx.all(collection, {"_id": {"$in": ids}}, limit=len(ids) or 1)}
    await tx.put_all(collection, [one for one in items if one.id not in known])
