"""`scripts/drivers`: drivers and passengers for a demo that runs (`scripts/demo` prints its addresses), and with
`--prove` the proof on processes of its own: no demo is needed."""

import argparse
import asyncio
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import msgspec

from server.kit import log
from tests.traffic.grid import Grid
from tests.traffic.people import Driver, Passenger, Town, Unexpected
from tests.traffic.proof import NEAREST, play


async def live(given: argparse.Namespace) -> int:
    town = Town(given.url, given.sandbox, given.seed, grid=Grid(given.blocks))
    drivers = [Driver(town, f"driver-{number:03d}") for number in range(1, given.drivers + 1)]
    riders = [Passenger(town, number, 120, again=True) for number in range(given.passengers)]
    work = [*(one.run() for one in drivers), *(one.run() for one in riders)]
    tasks = [asyncio.create_task(one) for one in work]
    print(
        f"{len(drivers)} drivers and {len(riders)} passengers are on the streets; Ctrl-C ends it", flush=True
    )
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(given.minutes * 60 if given.minutes else None):
                await asyncio.gather(*tasks)
    except (OSError, Unexpected) as error:
        print(f"it cannot go on: {error}", file=sys.stderr)
        return 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        print(f"{len(town.called)} rides were called; answers: {dict(town.told)}", flush=True)
    return 0


async def prove(given: argparse.Namespace) -> int:
    """The same twice: by the usual weights, and by distance alone."""
    log.configure("error", "console")
    bad = 0
    for name, weights in (("usual weights", None), ("nearest only", NEAREST)):
        with tempfile.TemporaryDirectory(prefix="hoelun-traffic-") as folder:
            found = await play(
                Path(folder),
                drivers=given.drivers,
                passengers=given.passengers,
                minutes=given.minutes or 10,
                pace=given.pace,
                seed=given.seed,
                weights=weights,
            )
        facts = msgspec.to_builtins(found)
        print(f"{name}: {', '.join(f'{key} {value}' for key, value in facts.items())}", flush=True)
        bad += len(found.wrong)
    print("every proof holds" if not bad else f"{bad} violations")
    return 1 if bad else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/drivers", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the demo")
    parser.add_argument("--sandbox", default="http://127.0.0.1:8001", help="of its stand-in for WeChat")
    parser.add_argument("--drivers", type=int, default=15)
    parser.add_argument("--passengers", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blocks", type=int, default=6, help="of 250 m, to each side of the middle")
    parser.add_argument("--minutes", type=float, default=0, help="0: until Ctrl-C; of calls, in a proof: ten")
    parser.add_argument("--prove", action="store_true")
    parser.add_argument(
        "--pace", type=float, default=9, help="of a proof: how many times as fast time goes by"
    )
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        return asyncio.run(prove(given) if given.prove else live(given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
