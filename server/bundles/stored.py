"""What the street offers as one thing 一件事: its parts, their order, and the rules for when one of them fails."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct, structs

from schemas.bundles import BundleForm, BundlesView, BundleView, Fault, IfPartFails, PartForm, PartOfferView
from schemas.common import Id
from server import catalogue
from server.catalogue import SERVICES, Service
from server.kit.db import Collection, Reader, Stored, Tx
from server.kit.errors import Invalid, NotFound

RULE_TEXTS: dict[IfPartFails, str] = {
    "nothing": "全成才办：有一件约不上，就一件也不约",
    "keep": "能办几件办几件：必办的要约上，其余约不上的先不约",
}


class BundleNotFound(NotFound):
    """没有这个“一件事”，请从列表里重新选择"""


class BadBundle(Invalid):
    """这个“一件事”的内容不对，请检查后再保存"""


class Offer(Struct, frozen=True, kw_only=True):
    """A part: one of `services`, or any of `category`; not before `after` has ended and `gap_min` minutes passed."""

    part: str
    name: str
    hint: str = ""
    services: list[str] = []
    category: str | None = None
    required: bool = False
    after: str | None = None
    gap_min: Annotated[int, Meta(ge=0)] = 0


class Bundle(Stored, kw_only=True):
    """`free_after`, `answer_hours` and the order are copied into each case: a change changes no case that exists.
    `version` counts the changes (server/bundles/drafts.py).
    """

    name: str
    description: str = ""
    parts: list[Offer]
    if_part_fails: IfPartFails = "nothing"
    free_after: list[Fault]
    answer_hours: Annotated[int, Meta(ge=1)] = 24
    rank: int = 0
    active: bool = True
    version: int = 1

    def offer(self, part: str) -> Offer | None:
        return next((one for one in self.parts if one.part == part), None)


BUNDLES: Collection[Bundle] = Collection("bundles", Bundle, whole=True)


def find(reader: Reader, bundle_id: str) -> Bundle:
    """Raises BundleNotFound."""
    bundle = reader.recall(BUNDLES, bundle_id)
    if bundle is None:
        raise BundleNotFound(field="bundle_id")
    return bundle


def choices(reader: Reader, offer: Offer) -> list[Service]:
    """The services of a part that can be booked now, at today's price, in the order of the catalogue."""
    return [
        one
        for one in catalogue.offered(reader, None)
        if one.id in offer.services or (offer.category is not None and one.category == offer.category)
    ]


async def put(tx: Tx, bundle_id: str, form: BundleForm) -> Bundle:
    """Make a bundle, or change it for whoever asks from now on. Raises BadBundle."""
    check(tx, bundle_id, form)
    parts = [Offer(**structs.asdict(one)) for one in form.parts]
    known = await tx.get(BUNDLES, bundle_id)
    version = known.version + 1 if known else 1
    bundle = Bundle(id=bundle_id, **(structs.asdict(form) | {"parts": parts}), version=version)
    await tx.put(BUNDLES, bundle)
    return bundle


def check(reader: Reader, bundle_id: str, form: BundleForm) -> None:
    """Parts have names of their own and services that exist; a part waits only for one that stands before it."""
    try:
        msgspec.convert(bundle_id, Id)
    except msgspec.ValidationError as error:
        raise BadBundle("编号只能用字母、数字和 _ . @ -", field="bundle_id") from error
    known: set[str] = set()
    for number, one in enumerate(form.parts):
        where = f"parts.{number}"
        if one.part in known:
            raise BadBundle(f"“{one.part}”写了两次", field=f"{where}.part")
        if one.after is not None and one.after not in known:
            raise BadBundle("只能排在前面写过的一件之后", field=f"{where}.after")
        _check_services(reader, one, where)
        known.add(one.part)


def _check_services(reader: Reader, one: PartForm, where: str) -> None:
    for service_id in one.services:
        if reader.recall(SERVICES, service_id) is None:
            raise BadBundle(f"没有服务 {service_id}", field=f"{where}.services")
    if one.category is not None and reader.recall(catalogue.CATEGORIES, one.category) is None:
        raise BadBundle(f"没有类别 {one.category}", field=f"{where}.category")
    if not one.services and one.category is None:
        raise BadBundle("请写明可以选哪些服务，或哪一类", field=f"{where}.services")


def listed(reader: Reader) -> BundlesView:
    """What can be asked for now."""
    bundles = sorted(reader.everything(BUNDLES).items.values(), key=lambda one: (one.rank, one.id))
    views = [view(reader, one) for one in bundles if one.active]
    return BundlesView(items=[one for one in views if one.available])


def view(reader: Reader, bundle: Bundle) -> BundleView:
    offers = [_offer(reader, one) for one in bundle.parts]
    return BundleView(
        id=bundle.id,
        name=bundle.name,
        description=bundle.description,
        parts=[one for one in offers if one.services],
        if_part_fails=bundle.if_part_fails,
        rule_text=RULE_TEXTS[bundle.if_part_fails],
        free_after=bundle.free_after,
        answer_hours=bundle.answer_hours,
        active=bundle.active,
        available=any(one.services for one in offers) and all(one.services for one in offers if one.required),
    )


def _offer(reader: Reader, offer: Offer) -> PartOfferView:
    return PartOfferView(
        part=offer.part,
        name=offer.name,
        hint=offer.hint,
        required=offer.required,
        after=offer.after,
        gap_min=offer.gap_min,
        services=[catalogue.view(reader, one) for one in choices(reader, offer)],
    )
