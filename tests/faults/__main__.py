"""`scripts/faults`: the long form of the proofs, printed as it goes."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from server.kit import log
from tests.faults import proofs
from tests.faults.street import Street, open_street

VICTIMS = ["web", "mongod", "worker", "web", "mongod", "web", "worker", "mongod", "web", "web"]


async def main(bookings: int, rounds: int, rolls: int) -> int:
    log.configure("error", "console")
    with tempfile.TemporaryDirectory(prefix="hoelun-faults-") as folder:
        async with open_street(Path(folder)) as street:
            bad = await _races(street, rounds)
            result = await proofs.kills(street, bookings, VICTIMS * 2)
            print(f"kills: {proofs.facts(result)}", flush=True)
            bad += result.lost + result.doubled + result.half + result.unsent
            rolled = await proofs.rolls(street, await street.resident("roller"), rolls)
            print(f"rolling restarts: {proofs.facts(rolled)}", flush=True)
            bad += rolled.failed
    print("every proof holds" if not bad else f"{bad} violations")
    return 1 if bad else 0


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
    given = parser.parse_args()
    sys.exit(asyncio.run(main(given.bookings, given.rounds, given.rolls)))
