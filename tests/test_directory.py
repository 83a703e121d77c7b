"""WeCom's directory, read whole: what its callbacks did not bring is set right, and a reading that cannot be is not
taken. What the callbacks bring is in tests/test_staff.py."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server import appointing, directory
from server.appointing import EnoughAdministrators
from server.audit import AUDIT
from server.config import Directory
from server.directory import LAST, READINGS, Reading, ReadingImplausible
from server.kit.clock import SHANGHAI
from server.roles import GROUPS
from server.staff import STAFF, Staff
from server.staff_push import NOTICES
from tests.world import Person, World, unique

HOME = Path(__file__).parents[1]
OPERATOR, ADMIN = Grant(role="operator"), Grant(role="admin")


async def alone(world: World) -> None:
    """Nobody is left of the tests before."""
    await world.house.db.atomically(lambda tx: tx.delete_all(STAFF, {}))
    await world.house.db.renew()
    for userid in list(world.town.sandbox.world.people.staff):
        del world.town.sandbox.world.people.staff[userid]


@asynccontextmanager
async def untold(world: World) -> AsyncIterator[None]:
    """WeCom's messages do not arrive."""
    usual = (await world.told("callbacks"))["url"]
    await world.control("callback", url="")
    try:
        yield
    finally:
        await world.control("callback", url=usual)


async def member(world: World, userid: str) -> Staff:
    found = await world.house.db.reading(lambda reader: reader.get(STAFF, userid))
    assert found is not None
    return found


async def named(world: World, *grants: Grant) -> Person:
    """Of ours, and of the directory's, under one name."""
    person = await world.staff(*grants, name="王芳")
    await world.control("contacts", change="create_user", userid=person.id, name="王芳", department=[1])
    return person


async def test_what_changes_at_wecom_is_heard_at_once(world: World) -> None:
    clerk, new = await named(world, OPERATOR), unique("newcomer")
    change = {"change": "create_user", "userid": new, "name": "新来的", "department": [4], "tags": [6]}
    await world.control("contacts", **change)
    here = await member(world, new)
    assert (here.name, here.active, here.departments, here.tags) == ("新来的", True, [4], [6])
    assert (await member(world, clerk.id)).grants == [OPERATOR]
    await world.control("contacts", change="update_user", userid=new, disabled=True)
    await world.control("contacts", change="delete_user", userid=clerk.id)
    assert [(await member(world, one)).active for one in (new, clerk.id)] == [False, False]
    assert (await clerk.get("/v1/staff/me")).status in (401, 403)


async def test_a_reading_sets_right_what_was_not_delivered(world: World) -> None:
    await alone(world)
    stays, leaves, new = await named(world, OPERATOR), await named(world, OPERATOR), unique("newcomer")
    world.clock.advance(timedelta(minutes=1))
    async with untold(world):
        await world.control("contacts", change="delete_user", userid=leaves.id)
        await world.control("contacts", change="update_user", userid=stays.id, name="王芳芳", tags=[3])
        await world.control("contacts", change="create_user", userid=new, name="新来的", department=[5])
        await world.control("departments", change="update_party", id=5, name="夜班", parentid=1)
        await world.control("tags", id=3, name="骨干")
    assert (await member(world, leaves.id)).active

    done = await directory.read(world.house)

    assert (done.here, done.changed, done.left) == (2, 2, 1)
    assert not (await member(world, leaves.id)).active
    assert (await leaves.get("/v1/staff/me")).status in (401, 403)
    kept = await member(world, stays.id)
    assert (kept.name, kept.tags, kept.grants) == ("王芳芳", [3], [OPERATOR])
    assert (await member(world, new)).departments == [5]
    groups = world.house.db.reader().everything(GROUPS).items
    assert (groups["department:5"].name, groups["department:5"].parent, groups["tag:3"].name) == (
        "夜班",
        1,
        "骨干",
    )
    again = await directory.read(world.house)
    assert (again.here, again.changed, again.left) == (2, 0, 0), "a second reading has no news"


async def test_a_reading_in_which_too_many_are_missing_changes_nothing_and_is_told(world: World) -> None:
    await alone(world)
    boss = await named(world, ADMIN)
    crowd = [Staff(id=unique("crowd"), name="人", grants=[OPERATOR]) for _ in range(9)]
    await world.put(STAFF, *crowd)
    with pytest.raises(ReadingImplausible):
        await directory.read(world.house)
    assert all([(await member(world, one.id)).active for one in crowd])
    await world.work()
    notices = await world.house.db.reading(
        lambda reader: reader.all(NOTICES, {"userid": boss.id}, limit=5, sort="-at")
    )
    assert [one.title for one in notices] == ["通讯录没有更新"]


async def test_the_directory_is_read_once_in_the_hour_of_the_night(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await alone(world)
    await named(world, ADMIN)
    nightly = replace(world.house.settings, directory=Directory(resync_hour=3))
    monkeypatch.setattr(world.house, "settings", nightly)

    async def reads() -> int:
        await world.work()
        rows = await world.house.db.reading(
            lambda reader: reader.all(AUDIT, {"what": "directory.read"}, limit=100)
        )
        return len(rows)

    before = await reads()
    night = world.clock.now().astimezone(SHANGHAI).replace(hour=2, minute=50) + timedelta(days=1)
    counted = []
    for minutes in (0, 20, 40, 130):
        world.clock.set(night + timedelta(minutes=minutes))
        counted.append(await reads() - before)
    assert counted == [0, 1, 1, 1]
    last: Reading | None = world.house.db.reader().recall(READINGS, LAST)
    assert last is not None and last.at == night + timedelta(minutes=20)


async def run(world: World, *command: str) -> tuple[int, str]:
    """`python -m server` on this street's database and platforms."""
    own: Any = world.house.settings
    env = {
        **os.environ,
        "HOELUN_ENVIRONMENT": "test",
        "HOELUN_MONGO_URL": own.mongo_url,
        "HOELUN_DATABASE": own.database,
        "HOELUN_WECOM_BASE_URL": world.town.sandbox_url,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "server",
        *command,
        env=env,
        cwd=HOME,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_the_first_two_administrators_come_from_the_command_line_and_no_third(world: World) -> None:
    await alone(world)
    first, second, third = [unique("boss") for _ in range(3)]
    await world.house.db.atomically(lambda tx: appointing.appoint(tx, first))
    code, said = await run(world, "appoint", second)
    assert (code, f"{second} is an administrator" in said) == (0, True), said
    with pytest.raises(EnoughAdministrators):
        await world.house.db.atomically(lambda tx: appointing.appoint(tx, third))
    people = await world.house.db.reading(lambda reader: reader.all(STAFF, {}, limit=9))
    assert sorted((one.id, one.grants) for one in people) == sorted([(first, [ADMIN]), (second, [ADMIN])])


async def test_the_directory_is_read_from_the_command_line(world: World) -> None:
    await alone(world)
    await named(world, ADMIN)
    code, said = await run(world, "directory")
    assert (code, "1 members, 0 of them news, 0 left" in said) == (0, True), said
