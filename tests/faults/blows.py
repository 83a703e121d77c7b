"""What can happen to a street while its people go on booking; each is over, and mended, when it returns."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.faults.cluster import Cluster, Member
from tests.faults.network import Fault
from tests.faults.street import Street

Blow = Callable[[Street], Awaitable[None]]

_HUNG_S = 15.0
_CUT_S = 4.0


def cluster_of(street: Street) -> Cluster:
    assert isinstance(street.database, Cluster), "only a set of three can lose a member"
    return street.database


def _kill(what: str) -> Blow:
    async def killed(street: Street) -> None:
        await street.kill(what)

    return killed


def _isolated(fault: Fault, seconds: float = _CUT_S) -> Blow:
    """The primary alone on its side of the network, clients and followers on the other."""

    async def isolated(street: Street) -> None:
        cluster = cluster_of(street)
        cluster.isolate(await cluster.primary(), fault)
        await asyncio.sleep(seconds)
        cluster.mend()

    return isolated


def _parted(fault: Fault, seconds: float = _CUT_S) -> Blow:
    """The set is well, and no client can reach it."""

    async def parted(street: Street) -> None:
        cluster = cluster_of(street)
        cluster.part(fault)
        await asyncio.sleep(seconds)
        cluster.mend()

    return parted


async def _slow(street: Street) -> None:
    """Every message takes 30 ms longer, between members too."""
    cluster = cluster_of(street)
    cluster.slow_down(0.03)
    await asyncio.sleep(_CUT_S)
    cluster.mend()


@asynccontextmanager
async def frozen(member: Member) -> AsyncIterator[None]:
    os.kill(member.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(member.process.pid, signal.SIGCONT)


def _hung(seconds: float) -> Blow:
    """The primary takes connections and says nothing; then it wakes and believes that it still leads."""

    async def hung(street: Street) -> None:
        async with frozen(await cluster_of(street).primary()):
            await asyncio.sleep(seconds)

    return hung


BLOWS: dict[str, Blow] = {
    "web": _kill("web"),
    "worker": _kill("worker"),
    "mongod": _kill("mongod"),
    "cut": _isolated("cut"),
    "silent": _isolated("silent"),
    "parted": _parted("silent"),
    "refused": _parted("cut"),
    "slow": _slow,
    "hung": _hung(_HUNG_S),
    "stutter": _hung(3),
}


async def strike(street: Street, what: str) -> None:
    """One blow, when the one before is over."""
    async with street.turn:
        await BLOWS[what](street)
