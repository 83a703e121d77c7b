"""Schemathesis reads the OpenAPI document and asks the running server all that it allows, and much that it does not.

Short here; `scripts/fuzz SECONDS` does the same for longer.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import pytest

from schemas.staff import Grant
from tests.world import World

SECONDS = int(os.environ.get("FUZZ_SECONDS", "0"))
EXAMPLES = 3
# The one check left out: rules and opaque cursors refuse what the schema alone allows, and say so with 409 and 422.
CHECKS = ("--checks", "all", "--exclude-checks", "positive_data_acceptance")
SIGNED_IN = ("--exclude-path-regex", r"^/v1/sessions/(current|all)$")  # these would sign us out

patiently = pytest.mark.gen_test(timeout=900 + 3 * SECONDS)


def settings(folder: str, known: dict[str, str]) -> Path:
    """A configuration file with values of path parameters to use."""
    parameters = "".join(f'"path.{name}" = "{value}"\n' for name, value in known.items())
    file = Path(folder, "schemathesis.toml")
    file.write_text(f'[generation]\ndatabase = "none"\n[parameters]\n{parameters}')
    return file


async def complaints(world: World, *options: str, known: dict[str, str] | None = None) -> str:
    """What schemathesis has to say when it is not content."""
    with tempfile.TemporaryDirectory(prefix="hoelun-fuzz-") as folder:
        config = settings(folder, known or {})
        how_long = ("--max-time", str(SECONDS)) if SECONDS else ("--max-examples", str(EXAMPLES))
        command = (
            *(sys.executable, "-m", "schemathesis.cli", "--no-color", "--config-file", str(config)),
            *("run", f"{world.url}/openapi.json", "--seed", "1", "--warnings", "off"),
            *(*CHECKS, *how_long, *options),
        )
        return await _output(command, folder)


async def _output(command: tuple[str, ...], folder: str) -> str:
    running = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=folder
    )
    try:
        output, _ = await running.communicate()
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
    return "" if running.returncode == 0 else output.decode()


def bearer(token: str) -> tuple[str, str]:
    return ("--header", f"Authorization: Bearer {token}")


async def as_nobody(world: World) -> str:
    return await complaints(world, "--phases", "coverage,fuzzing")


async def as_resident(world: World) -> str:
    resident = await world.resident()
    return await complaints(world, *bearer(resident.token), *SIGNED_IN)


async def as_staff_in_a_real_case(world: World) -> str:
    shop = await world.shop()
    case = await shop.booked(await world.resident())
    desk = await world.staff(
        Grant(role="operator"), Grant(role="dispatcher"), Grant(role="provider", provider_id=shop.provider_id)
    )
    known = {"case_no": case["case_no"], "service_id": shop.service_id}
    return await complaints(world, *bearer(desk.token), *SIGNED_IN, known=known)


@patiently
async def test_nobody_a_resident_and_the_staff_find_no_hole_all_at_once(world: World) -> None:
    """Three clients, each a process of its own."""
    found = await asyncio.gather(as_nobody(world), as_resident(world), as_staff_in_a_real_case(world))
    assert not any(found), "\n".join(found)
