"""Asking for a bundle: every part is booked in one transaction, or, where the rule allows it, all that can be had.

A part that is refused ends the transaction, and nothing of it stays. Where the rule lets the part go, all is done
again without it: there is no half of a transaction that could be taken back, and this needs none.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from schemas.bookings import NewBooking
from schemas.bundles import IfPartFails, NewBundle, NewPart
from schemas.cases import Channel
from server import bookings, catalogue
from server.bundles import order, parts, stored
from server.bundles.acts import NotForThisPart, UnknownPart
from server.bundles.kind import BUNDLE
from server.bundles.parts import LEFT_OUT, Bundled, Part, near
from server.bundles.stored import Bundle, BundleNotFound, Offer
from server.cases import Case, CaseNumbers, open_case
from server.catalogue import Service
from server.config import Settings
from server.kit.db import Database, Duplicate, Reader, Tx
from server.kit.db.tx import Last
from server.kit.errors import Conflict, HoelunError, Invalid, NotFound, Unavailable
from server.residents import Resident
from server.sessions import Actor
from server.slots import Availability
from server.words import said

_SPARES = 2
"""How many times a part can be replaced, on the average."""


class PartTwice(Invalid):
    """这一件写了两次，请去掉一次"""


class PartMissing(Invalid):
    """缺了必办的一件，请补上"""


class PartRefused(Conflict):
    """有一件没有约上，请换个时间再试"""

    def __init__(self, number: int, refusal: HoelunError) -> None:
        super().__init__(refusal.message)
        self.number = number
        self.refusal = refusal


class House(Protocol):
    """What asking for a bundle needs of the building."""

    db: Database
    settings: Settings
    case_numbers: CaseNumbers
    availability: Availability


class Wish(Struct, frozen=True, kw_only=True):
    """A part that is asked for; `number` is its place in the request."""

    number: int
    offer: Offer
    new: NewPart
    service: Service
    case_no: str
    day: str | None

    @property
    def part(self) -> str:
        return self.offer.part

    @property
    def name(self) -> str:
        return self.offer.name

    @property
    def after(self) -> str | None:
        return self.offer.after

    @property
    def gap_min(self) -> int:
        return self.offer.gap_min

    @property
    def start(self) -> datetime:
        return self.new.start

    @property
    def end(self) -> datetime:
        return self.new.start + timedelta(minutes=self.service.duration_min)

    def booking(self, resident_id: str | None) -> NewBooking:
        new = self.new
        return NewBooking(
            service_id=new.service_id,
            start=new.start,
            address=new.address,
            contact=new.contact,
            form=new.form,
            note=new.note,
            resident_id=resident_id,
        )


class Loss(Struct, frozen=True):
    """A part that is left out, why, and when else there is somebody free."""

    reason: str
    alternatives: list[datetime]


class Order(Struct, frozen=True, kw_only=True):
    """A bundle as it is asked for, checked, with the numbers of its cases."""

    bundle: Bundle
    rule: IfPartFails
    resident_id: str | None
    wishes: list[Wish]
    case_no: str
    spares: list[str]
    losses: dict[int, Loss] = {}

    @property
    def coming(self) -> list[Wish]:
        return [one for one in self.wishes if one.number not in self.losses]

    @property
    def days(self) -> list[str]:
        """What bookings of the same times contend for."""
        return sorted({one.day for one in self.coming if one.day is not None})

    @property
    def sequence(self) -> list[Wish]:
        """Everybody takes the days in one order, so two that cross meet at the first day they have in common; before
        that, what may be left out stands behind what may not."""
        keep = self.rule == "keep"
        return sorted(
            self.coming, key=lambda one: (keep and not one.offer.required, one.day or "", one.number)
        )


def for_whom(actor: Actor, new: NewBundle, on_behalf_of: str | None) -> str:
    """As for a booking. Raises NotForOthers, ResidentNeeded."""
    first = new.parts[0]
    asked = NewBooking(service_id=first.service_id, start=first.start, resident_id=new.resident_id)
    return bookings.for_whom(actor, asked, on_behalf_of)


async def prepared(house: House, new: NewBundle) -> Order:
    """Check what does not depend on who is faster, and take the numbers.

    Raises BundleNotFound, UnknownPart, NotForThisPart, BadForm, PartTwice, PartMissing, PartTooEarly.
    """
    reader = house.db.reader()
    bundle = stored.find(reader, new.bundle_id)
    if not bundle.active:
        raise BundleNotFound(field="bundle_id")
    wishes = [await _wish(house, reader, bundle, number, one) for number, one in enumerate(new.parts)]
    _complete(bundle, wishes)
    await _in_order(house, wishes)
    return Order(
        bundle=bundle,
        rule=new.if_part_fails or bundle.if_part_fails,
        resident_id=new.resident_id,
        wishes=wishes,
        case_no=await _number(house, BUNDLE.prefix),
        spares=[await _number(house, bookings.BOOKING.prefix) for _ in range(_SPARES * len(wishes))],
    )


async def _number(house: House, prefix: str) -> str:
    return await house.case_numbers.next(prefix, house.db.now())


async def _wish(house: House, reader: Reader, bundle: Bundle, number: int, new: NewPart) -> Wish:
    offer = bundle.offer(new.part)
    if offer is None:
        raise UnknownPart(field=f"parts.{number}.part")
    service = next((one for one in stored.choices(reader, offer) if one.id == new.service_id), None)
    if service is None:
        raise NotForThisPart(
            f"“{offer.name}”不能用这项服务来办，请从列表里选择", field=f"parts.{number}.service_id"
        )
    asked = NewBooking(service_id=new.service_id, start=new.start)
    return Wish(
        number=number,
        offer=offer,
        new=msgspec.structs.replace(new, form=_checked(service, number, new)),
        service=service,
        case_no=await _number(house, bookings.BOOKING.prefix),
        day=bookings.contended_day(reader, asked),
    )


def _checked(service: Service, number: int, new: NewPart) -> dict[str, Any]:
    """What was filled in, checked also for a part that is left out: it may be booked later. Raises BadForm."""
    try:
        return catalogue.check_form(service, new.form)
    except catalogue.BadForm as error:
        error.field = f"parts.{number}.{error.field}"
        raise


def _complete(bundle: Bundle, wishes: list[Wish]) -> None:
    asked = [one.part for one in wishes]
    for one in wishes:
        if asked.index(one.part) != one.number:
            raise PartTwice(field=f"parts.{one.number}.part")
    missing = [one.name for one in bundle.parts if one.required and one.part not in asked]
    if missing:
        raise PartMissing(f"“{bundle.name}”缺了必办的：{'、'.join(missing)}", field="parts")


async def _in_order(house: House, wishes: list[Wish]) -> None:
    late = order.broken(wishes)
    if late is None:
        return
    refusal = order.PartTooEarly(order.complaint(late, wishes))
    await _point_out(house, refusal, late, wishes)
    raise refusal


async def open_bundle(
    house: House, tx: Tx, actor: Actor, resident: Resident, asked: Order, channel: Channel
) -> Case:
    """Book the parts and open the bundle's own case. Raises PartRefused, and what has to do with no part."""
    placed = {
        one.number: await _placed(house, tx, actor, resident, asked, one, channel) for one in asked.sequence
    }
    first = placed[min(placed)]
    bundled = Bundled(
        bundle_id=asked.bundle.id,
        name=asked.bundle.name,
        if_part_fails=asked.rule,
        free_after=asked.bundle.free_after,
        answer_hours=asked.bundle.answer_hours,
        parts=[_part(one, placed.get(one.number), asked.losses.get(one.number)) for one in asked.wishes],
        spares=asked.spares,
    )
    case = Case(
        id=asked.case_no,
        kind=BUNDLE.name,
        title=asked.bundle.name,
        state="",
        version=0,
        open=True,
        channel=channel,
        resident_id=resident.id,
        resident_name=first.resident_name,
        opened_by=actor.key,
        community_id=first.community_id,
        compound_id=first.compound_id,
        created_at=tx.now,
        updated_at=tx.now,
        phone=first.phone,
        phone_tail=first.phone_tail,
        details={},
    )
    return await open_case(tx, case, bundled, BUNDLE, "order", actor, house.settings)


async def _placed(
    house: House, tx: Tx, actor: Actor, resident: Resident, asked: Order, wish: Wish, channel: Channel
) -> Case:
    """Book one part; whatever refuses it, now or with the commit, says which one it was."""
    before = len(tx.last)
    try:
        if wish.day is not None:
            await house.availability.refuse_full(house.db.reader(), wish.new.service_id, wish.start)
        case = await bookings.place(
            tx,
            actor,
            resident,
            wish.booking(resident.id),
            wish.case_no,
            channel,
            house.settings,
            part_of=asked.case_no,
        )
    except Unavailable:
        raise
    except HoelunError as refusal:
        raise PartRefused(wish.number, refusal) from refusal
    tx.last[before:] = [_of_part(wish.number, one) for one in tx.last[before:]]
    return case


def _of_part(number: int, write: Last) -> Last:
    def named(handles: Any, session: Any, shared: bool) -> None:
        try:
            write(handles, session, shared)
        except Duplicate:
            raise
        except HoelunError as refusal:
            raise PartRefused(number, refusal) from refusal

    return named


def _part(wish: Wish, case: Case | None, loss: Loss | None) -> Part:
    new, service = wish.new, wish.service
    part = Part(
        part=wish.part,
        name=wish.name,
        required=wish.offer.required,
        after=wish.after,
        gap_min=wish.gap_min,
        wish=msgspec.to_builtins(
            {"address": new.address, "contact": new.contact, "form": new.form, "note": new.note}
        ),
        service_id=service.id,
        service=service.name,
        state=LEFT_OUT,
        start=wish.start,
        end=wish.end,
        price_fen=catalogue.total_fen(service),
        price_text=catalogue.price_view(service).text,
        agreed=service.mode == "slot",
        free_until=wish.start,
    )
    if case is not None:
        return parts.drawn(part, case, bookings.BOOKING.details_of(case))
    if loss is not None:
        part.reason, part.alternatives, part.settled = loss.reason, loss.alternatives, True
    return part


async def without(house: House, asked: Order, refused: PartRefused) -> Order:
    """The same without the part that was refused. Raises its refusal, naming the part and free times near it, where
    the rule does not let it go, or nothing would be left."""
    refusal, wish = refused.refusal, asked.wishes[refused.number]
    why = refusal.message
    alternatives = await _point_out(house, refusal, wish, asked.coming)
    by_others = isinstance(refusal, Conflict | NotFound)
    if asked.rule == "nothing" or wish.offer.required or not by_others or len(asked.coming) == 1:
        raise refusal
    loss = Loss(why, alternatives)
    return msgspec.structs.replace(asked, losses={**asked.losses, wish.number: loss})


async def _point_out(house: House, refusal: HoelunError, wish: Wish, among: Sequence[Wish]) -> list[datetime]:
    """Lay the refusal at the part's door: which one, which field of it, and free times near the one that was asked."""
    bound = order.earliest(wish, among)
    found = list[datetime]()
    if refusal.field in (None, "start"):
        found = await house.db.reading(lambda reader: near(reader, wish.service.id, wish.start, bound))
    if wish.name not in refusal.message:
        refusal.message = f"“{wish.name}”没有约上：{refusal.message}"
    if found:
        refusal.message += f"。最近有空：{'、'.join(said(one) for one in found)}"
    refusal.field = f"parts.{wish.number}.{refusal.field or 'start'}"
    refusal.details = {"part": wish.part, "alternatives": [one.isoformat() for one in found]}
    return found
