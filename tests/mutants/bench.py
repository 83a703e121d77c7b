"""A copy of the tree with one rule broken, and what the machine says to it."""

import asyncio
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from tests.mutants.rules import Mutant

HERE = Path(__file__).parents[2]
ROOMS = ("server", "handlers", "schemas", "tests")
LONGEST_S = 600


class Misfit(Exception):
    """The text that a mutant changes does not stand in its file exactly once."""


class Outcome(Struct, frozen=True):
    """`caught`: the proof failed, by its own judgement and not for want of a street to play in."""

    caught: bool
    broken: bool
    seconds: float
    said: str


def misfits(mutants: Iterable[Mutant], tree: Path = HERE) -> list[str]:
    """Mutants that fit the source no longer."""
    return [one.name for one in mutants if _text(one, tree).count(one.before) != 1]


def _text(mutant: Mutant, tree: Path) -> str:
    file = tree / mutant.file
    return file.read_text("utf-8") if file.exists() else ""


def copy(folder: Path, source: Path = HERE) -> None:
    """The rooms that the machine needs, on their own."""
    for name in ROOMS:
        shutil.copytree(source / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy2(source / "setup.cfg", folder)


def infect(mutant: Mutant, tree: Path) -> None:
    """Break the rule in this copy. Raises Misfit."""
    if misfits([mutant], tree):
        raise Misfit(f"{mutant.name}: not exactly once in {mutant.file}")
    (tree / mutant.file).write_text(_text(mutant, tree).replace(mutant.before, mutant.after), "utf-8")


async def play(tree: Path, *proofs: str) -> Outcome:
    """Let a machine, or the named tests, judge this copy."""
    began = asyncio.get_running_loop().time()
    command = (sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *proofs)
    running = await asyncio.create_subprocess_exec(
        *command, cwd=tree, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        output, _ = await asyncio.wait_for(running.communicate(), LONGEST_S)
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    text = output.decode(errors="replace")
    failed = any(line.startswith("FAILED ") for line in text.splitlines())
    judged = failed and any(word in text for word in ("AssertionError", "DID NOT RAISE"))
    caught = running.returncode == 1 and judged
    return Outcome(
        caught=caught,
        broken=running.returncode != 0 and not caught,
        seconds=round(asyncio.get_running_loop().time() - began, 1),
        said=_why(text) if running.returncode else "",
    )


def _why(text: str) -> str:
    """The first complaint of the machine, or the end of what was said."""
    told = [line.partition("AssertionError: ")[2] for line in text.splitlines()]
    return next((one[:100] for one in told if one), text[-500:])
