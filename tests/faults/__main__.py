"""`scripts/faults`: the long form of the proofs, printed as it goes."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from server.kit import log
from tests.faults import controls, crowds, proofs
from tests.faults.cluster import Cluster
from tests.faults.street import Street, open_street

VICTIMS = ["web", "mongod", "worker", "web", "mongod", "web", "worker", "mongod", "web", "web"]
WEATHER = ["cut", "silent", "hung", "parted", "slow", "stutter", "refused", "silent", "cut", "hung"]


async def main(bookings: int, rounds: int, rolls: int, members: int) -> int:
    log.configure("error", "console")
    with tempfile.TemporaryDirectory(prefix="hoelun-faults-") as folder:
        async with open_street(Path(folder), members=members) as street:
            bad = await _races(street, rounds)
            result = await proofs.under(street, bookings, VICTIMS * 2)
            print(f"kills: {proofs.facts(result)}", flush=True)
            bad += result.violations
            rolled = await proofs.rolls(street, await street.resident("roller"), rolls)
            print(f"rolling restarts: {proofs.facts(rolled)}", flush=True)
            bad += rolled.failed
            if isinstance(street.database, Cluster):
                bad += await _same_everywhere(street.database) + await _controls(street.database)
    print("every proof holds" if not bad else f"{bad} violations")
    return 1 if bad else 0


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
    for name, figures in (("count, then insert", oversold), ("blind retry", doubled), ("w:1", lost)):
        print(f"control, {name}: {proofs.facts(figures)}", flush=True)
    failed = (oversold.sold > oversold.seats, doubled.twice > 0, lost.lost > 0)
    return failed.count(False)


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
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--rolls", type=int, default=20)
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
    sys.exit(asyncio.run(main(given.bookings, given.rounds, given.rolls, given.members)))
