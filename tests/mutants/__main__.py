"""`scripts/mutants`: every rule broken in turn, and whether the machines notice. Names choose some of them."""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from tests.mutants import bench
from tests.mutants.bench import Outcome
from tests.mutants.money import MONEY
from tests.mutants.rules import MUTANTS, Mutant

ALL = (*MUTANTS, *MONEY)


async def main(chosen: list[Mutant], jobs: int) -> int:
    if misfits := bench.misfits(ALL):
        print(f"fit the source no longer: {', '.join(misfits)}")
        return 1
    with tempfile.TemporaryDirectory(prefix="hoelun-mutants-") as folder:
        sound = Path(folder, "sound")
        await asyncio.to_thread(bench.copy, sound)
        named = sorted({proof for one in chosen for proof in (one.machine, one.test) if proof})
        outcome = await bench.play(sound, *named)
        if outcome.caught or outcome.broken:
            print(f"the tree as it is does not pass: {outcome.said}")
            return 1
        print(f"as it is: passes in {outcome.seconds} s", flush=True)
        gate = asyncio.Semaphore(jobs)
        survivors = sum(await asyncio.gather(*(_try(one, sound, Path(folder), gate) for one in chosen)))
    print(f"{len(chosen) - survivors} of {len(chosen)} mutants caught")
    return 1 if survivors else 0


async def _try(mutant: Mutant, sound: Path, folder: Path, gate: asyncio.Semaphore) -> bool:
    """Whether it survived."""
    async with gate:
        tree = folder / mutant.name
        await asyncio.to_thread(bench.copy, tree, sound)
        bench.infect(mutant, tree)
        for by in filter(None, (mutant.machine, mutant.test)):
            outcome = await bench.play(tree, by)
            if outcome.caught or outcome.broken:
                break
    print(f"{mutant.name} ({mutant.breaks}): {_said(outcome, by)}", flush=True)
    return not outcome.caught


def _said(outcome: Outcome, by: str) -> str:
    if outcome.broken:
        return f"COULD NOT BE PLAYED: {outcome.said}"
    verdict = f"caught by {by} in {outcome.seconds} s: {outcome.said}" if outcome.caught else "SURVIVED"
    return verdict


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/mutants", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *(one.name for one in ALL)], metavar="name")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--money", action="store_true", help="only the slips with points and money")
    given = parser.parse_args()
    those = MONEY if given.money else ALL
    chosen = [one for one in those if not given.names or one.name in given.names]
    sys.exit(asyncio.run(main(chosen, given.jobs)))
