"""`scripts/drivers`: drivers and passengers for a demo that runs (`scripts/demo` prints its addresses)."""

import argparse
import asyncio
import sys
from contextlib import suppress

from tests.traffic.grid import Grid
from tests.traffic.people import Driver, Passenger, Town, Unexpected


async def live(given: argparse.Namespace) -> int:
    town = Town(given.url, given.sandbox, given.seed, grid=Grid(given.blocks))
    drivers = [Driver(town, f"driver-{number:03d}") for number in range(1, given.drivers + 1)]
    riders = [Passenger(town, number, 120, again=True) for number in range(given.passengers)]
    tasks = [asyncio.create_task(one.run()) for one in (*drivers, *riders)]
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/drivers", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the demo")
    parser.add_argument("--sandbox", default="http://127.0.0.1:8001", help="of its stand-in for WeChat")
    parser.add_argument("--drivers", type=int, default=15)
    parser.add_argument("--passengers", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--blocks", type=int, default=6, help="of 250 m, to each side of the middle")
    parser.add_argument("--minutes", type=float, default=0, help="0: until Ctrl-C")
    given = parser.parse_args()
    with suppress(KeyboardInterrupt):
        return asyncio.run(live(given))
    return 0


if __name__ == "__main__":
    sys.exit(main())
