"""`scripts/faults`: the long form of the proofs, printed as it goes."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from server.config import Push
from server.kit import log
from tests.faults import broadcast, controls, crowds, lines, money, proofs
from tests.faults.cluster import Cluster
from tests.faults.street import Street, open_street

VICTIMS = ["web", "mongod", "worker", "web", "mongod", "web", "worker", "mongod", "web", "web"]
WEATHER = ["cut", "silent", "hung", "parted", "slow", "stutter", "refused", "silent", "cut", "hung"]
PARTS = ("races", "kills", "money", "network", "lines", "rolls", "controls", "broadcast")


async def main(given: argparse.Namespace) -> int:
    log.configure("error", "console")
    bad = 0
    with tempfile.TemporaryDirectory(prefix="hoelun-faults-") as folder:
        if {*given.parts} - {"broadcast"}:
            async with open_street(Path(folder), workers=2, members=given.members) as street:
                bad += await _bookings(street, given)
        if "broadcast" in given.parts:
            bad += await _broadcast(Path(folder), given)
    print("every proof holds" if not bad else f"{bad} violations")
    return 1 if bad else 0


async def _bookings(street: Street, given: argparse.Namespace) -> int:
    bad = 0
    if "races" in given.parts:
        bad += await _races(street, given.rounds)
    if "kills" in given.parts:
        bad += _told("kills", await proofs.under(street, given.bookings, VICTIMS * 2))
    if "money" in given.parts:
        bad += _told("money", await money.money(street, given.swipes, VICTIMS * 2))
    if isinstance(street.database, Cluster) and "network" in given.parts:
        bad += await _network(street, given.bookings)
    if "lines" in given.parts:
        bad += await _lines(street, given.lines)
    if "rolls" in given.parts:
        rolled = await proofs.rolls(street, await street.resident("roller"), given.rolls)
        print(f"rolling restarts: {proofs.facts(rolled)}", flush=True)
        bad += rolled.failed
    if isinstance(street.database, Cluster):
        bad += await _same_everywhere(street.database)
        bad += await _controls(street.database) if "controls" in given.parts else 0
    return bad


async def _broadcast(folder: Path, given: argparse.Namespace) -> int:
    """Streets of their own: one for the proof, and a small one in which all stands in one line, which must hold up who is
    in a hurry."""
    async with broadcast.open_crowded(folder / "crowded", per_minute=given.per_minute) as street:
        crowd = await broadcast.gathered(street, given.subscribers, given.urgent)
        result = await broadcast.broadcast(
            street, crowd, alone=given.urgent // 3, lose_one_in=given.lose_one_in
        )
        bad = _told("broadcast", result)
        print(f"urgent among the others: {result.urgent.times(result.alone)} times alone", flush=True)
        print(f"inbox meanwhile: {result.inbox_read.times(result.inbox_alone)} times alone", flush=True)
        doubled = await controls.send_then_note(street.database.url)
    async with broadcast.open_crowded(folder / "one-line") as street:
        crowd = await broadcast.gathered(street, min(given.subscribers, 3_000), 60)
        held_up = await broadcast.broadcast(street, crowd, kills=0, alone=20, one_lane=True)
    wrong = {
        "sent, then noted": (doubled, doubled.twice > 0),
        "all in one line": (held_up.urgent, held_up.urgent.p50_ms > 3 * result.urgent.p50_ms),
    }
    return bad + _controlled(wrong)


def _told(
    what: str, figures: proofs.Blows | lines.Lines | lines.Plans | money.Money | broadcast.Broadcast
) -> int:
    print(f"{what}: {proofs.facts(figures)}", flush=True)
    return figures.violations


async def _network(street: Street, bookings: int) -> int:
    """Nothing is killed: whoever is there at the end has come through it."""
    before = street.processes.pids("web") + street.processes.pids("worker")
    bad = _told("network", await proofs.under(street, bookings, WEATHER, name="network"))
    restarted = len({*before} - {*street.processes.pids("web"), *street.processes.pids("worker")})
    print(f"processes that had to be started anew: {restarted}", flush=True)
    return bad + restarted


async def _lines(street: Street, slots: int) -> int:
    """Workers die in the middle of it; on a set of three the primary hangs and is cut off, too."""
    blows = ["worker", "mongod", "web", "worker", "worker", "mongod", "web", "worker"]
    if isinstance(street.database, Cluster):
        blows += ["silent", "stutter"]
    bad = _told("waiting list", await lines.lines(street, slots, blows, lapsing=True))
    return bad + _told("plans", await lines.plans(street, slots, blows))


async def _same_everywhere(cluster: Cluster) -> int:
    """Every member has the same, to the byte."""
    digests = set(await cluster.hashes("faults"))
    print(f"members agree: {len(digests) == 1}", flush=True)
    return len(digests) - 1


async def _controls(cluster: Cluster) -> int:
    """Each has to go wrong, or the proofs above could not have."""
    oversold = await controls.count_then_insert(cluster.url)
    doubled = await controls.blind_retry(cluster)
    lost = await controls.unsafe_writes(cluster)
    stepped = await controls.offer_in_steps(cluster.url)
    looked = await controls.roll_by_looking(cluster.url)
    wrong = {
        "count, then insert": (oversold, oversold.sold > oversold.seats),
        "blind retry": (doubled, doubled.twice > 0),
        "w:1": (lost, lost.lost > 0),
        "offers in steps": (stepped, stepped.twice > 0),
        "plans rolled by looking": (looked, looked.twice > 0),
    }
    return _controlled(wrong)


def _controlled(wrong: dict[str, tuple[Any, bool]]) -> int:
    for name, (figures, went_wrong) in wrong.items():
        print(f"control, {name}{'' if went_wrong else ' DID NOT FAIL'}: {proofs.facts(figures)}", flush=True)
    return sum(1 for _, went_wrong in wrong.values() if not went_wrong)


async def _races(street: Street, rounds: int) -> int:
    tokens = await street.residents(200, "racer")
    bad = 0
    for number in range(rounds):
        seats = (1, 7, 50)[number % 3]
        result = await proofs.race(street, tokens, seats, f"race-{number}")
        print(f"race for {seats}: {proofs.facts(result)}", flush=True)
        bad += (result.winners, result.others) != (seats, 0)
    return bad


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--bookings", type=int, default=5000)
    parser.add_argument(
        "--swipes",
        type=int,
        default=10_000,
        help="purchases with the card, one in five of them a bill that is paid",
    )
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rolls", type=int, default=20)
    parser.add_argument("--lines", type=int, default=36, help="full times that people wait for, and plans")
    parser.add_argument(
        "--subscribers", type=int, default=50_000, help="whom one announcement goes to (broadcast)"
    )
    parser.add_argument(
        "--urgent",
        type=int,
        default=300,
        help="messages to single people, a third of them before the announcement",
    )
    parser.add_argument(
        "--per-minute",
        type=int,
        default=Push().bulk_per_minute,
        help="so many of the announcement's messages may go to telephones (broadcast)",
    )
    parser.add_argument(
        "--lose-one-in",
        type=int,
        default=0,
        help="so many of WeChat's words of what it has sent to telephones, 0 none (broadcast)",
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="not all of it")
    parser.add_argument(
        "--members", type=int, choices=(1, 3), default=1, help="of the database's replica set"
    )
    parser.add_argument(
        "--crowds",
        type=int,
        default=0,
        metavar="ROUNDS",
        help="only 1,000 for 50 seats, and visits that cross",
    )
    given = parser.parse_args()
    if given.crowds:
        sys.exit(asyncio.run(crowds.main(given.crowds)))
    sys.exit(asyncio.run(main(given)))
