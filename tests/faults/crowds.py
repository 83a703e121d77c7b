"""A thousand people who want the same seats at once, and people who change places with each other."""

import asyncio
import tempfile
from collections import Counter
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from server.bookings import BOOKING
from server.cases import CASES
from server.kit import log
from server.slots import OCCUPANCY
from tests.faults import proofs
from tests.faults.street import Street, open_street, wish

SEATS = 50
ACROSS = 10
HOURS = (10, 14)


async def main(rounds: int, contenders: int = 1000) -> int:
    """Everybody for fifty seats, and everybody to the other hour, `rounds` times each, through two web processes."""
    log.configure("error", "console")
    with tempfile.TemporaryDirectory(prefix="hoelun-crowds-") as folder:
        async with open_street(Path(folder)) as street:
            tokens = await street.residents(contenders, "crowd")
            bad = 0
            for number in range(rounds):
                race = await proofs.race(street, tokens, SEATS, f"crowd-{number}")
                taken = await _taken(street, f"crowd-{number}", SEATS)
                print(f"{contenders} for {SEATS}: {proofs.facts(race)} · {proofs.facts(taken)}", flush=True)
                bad += (race.winners, race.others) != (SEATS, 0) or taken.bookings != SEATS or taken.wrong > 0
            for number in range(rounds):
                crossing = await crossings(street, tokens, f"across-{number}")
                print(f"crossing: {proofs.facts(crossing)}", flush=True)
                bad += crossing.oversold + crossing.lost + crossing.others
    print("no seat is lost, none sold twice" if not bad else f"{bad} violations")
    return 1 if bad else 0


class Taken(Struct):
    """What is stored of a service: `wrong` are the quarters whose counter is not the number of its visits."""

    bookings: int
    most: int
    wrong: int


async def _taken(street: Street, name: str, capacity: int) -> Taken:
    """`most`: of the visits at one time; more than there are seats would be wrong, too."""
    where = {"details.service_id": f"service-{name}", "open": True}
    stored = [BOOKING.details_of(one) async for one in street.house.db.reader().each(CASES, where)]
    visits = Counter((one.day, cell) for one in stored for cell in one.seats)
    days = street.house.db.reader().each(OCCUPANCY, {"_id": {"$regex": f"^pool-{name}\\|"}})
    counted = Counter(
        {
            (one.id.rpartition("|")[2], cell): number
            async for one in days
            for cell, number in one.cells.items()
            if number
        }
    )
    wrong = sum(1 for cell in {*visits, *counted} if visits[cell] != counted[cell] or visits[cell] > capacity)
    return Taken(len(stored), max(visits.values(), default=0), wrong)


class Crossings(Struct):
    """`lost`: a visit that is not where its resident was told, or not there; `oversold`: quarters with too many."""

    changes: int
    moved: int
    refused: int
    newcomers: int
    oversold: int
    lost: int
    others: int


async def crossings(street: Street, tokens: list[str], name: str) -> Crossings:
    """Two hours of a day, with a seat or two left in each: everybody changes to the other hour, again and again, and
    others try to get in between."""
    service_id = await street.service(name, capacity=ACROSS)
    await proofs.known(street, tokens[0], service_id)
    bookings: dict[str, tuple[str, int]] = {}
    for number in range(2 * ACROSS - 3):
        body, token = wish(service_id, street.start(HOURS[number % 2])), tokens[number]
        told = await street.insist("POST", "/v1/bookings", body, token=token, key=f"{name}-{number}")
        bookings[told.body["case_no"]] = (token, number % 2)
    figures = Crossings(0, 0, 0, 0, 0, 0, 0)
    for turn in range(4):
        await _cross(street, service_id, f"{name}-{turn}", bookings, tokens[2 * ACROSS :], figures)
        taken = await _taken(street, name, ACROSS)
        figures.oversold += taken.wrong
        figures.lost += abs(taken.bookings - len(bookings))
        figures.lost += await _elsewhere(street, bookings)
    return figures


async def _cross(
    street: Street,
    service_id: str,
    name: str,
    bookings: dict[str, tuple[str, int]],
    others: list[str],
    figures: Crossings,
) -> None:
    async def change(case_no: str, token: str, side: int) -> None:
        body, path = {"start": street.start(HOURS[1 - side])}, f"/v1/cases/{case_no}/reschedule"
        told = await street.insist("POST", path, body, token=token, key=f"{name}-{case_no}")
        figures.changes += 1
        if told.status == 200:
            figures.moved += 1
            bookings[case_no] = (token, 1 - side)
        else:
            _refused(figures, told.status, told.body)

    async def come(number: int) -> None:
        body, token = wish(service_id, street.start(HOURS[number % 2])), others[number]
        told = await street.insist("POST", "/v1/bookings", body, token=token, key=f"{name}-new-{number}")
        if told.status == 201:
            figures.newcomers += 1
            bookings[told.body["case_no"]] = (token, number % 2)
        else:
            _refused(figures, told.status, told.body)

    changes = [change(case_no, token, side) for case_no, (token, side) in bookings.items()]
    await asyncio.gather(*changes, *(come(number) for number in range(2)))


def _refused(figures: Crossings, status: int, body: dict[str, dict[str, str]]) -> None:
    known = status == 409 and body["error"]["code"] in ("slot_taken", "too_many_reschedules")
    figures.refused += known
    figures.others += not known


async def _elsewhere(street: Street, bookings: dict[str, tuple[str, int]]) -> int:
    """Visits that are stored at another hour than their residents were told."""
    wrong = 0
    for case_no, (_, side) in bookings.items():
        case = await street.house.db.reading(lambda reader, one=case_no: reader.get(CASES, one))  # type: ignore[misc]
        told = datetime.fromisoformat(street.start(HOURS[side]))
        wrong += case is None or BOOKING.details_of(case).start != told
    return wrong
