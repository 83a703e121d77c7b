"""Slips: drawn by the worker when they are asked for, opened by a link, drawn anew only when they say something else."""

from typing import Any

from server import documents
from tests.doors import Verb
from tests.world import World, unique

COVERS: set[Verb] = {("GET", "/slips/{slip_id}")}
LETTER = {
    "layout": "letter",
    "title": "凭证",
    "number": "1 号",
    "office": "诃额伦街道办事处",
    "to": "王桂英",
    "date": "二〇二六年十一月二十七日",
    "paragraphs": ["已缴清。"],
    "listed": [],
    "after": [],
    "rows": [],
    "code": "0" * 32,
    "qr": "<svg xmlns='http://www.w3.org/2000/svg' width='10' height='10'></svg>",
}


async def ask(world: World, slip_id: str, owner_id: str, **more: Any) -> documents.slips.Slip:
    rules = world.house.settings
    return await world.house.db.atomically(
        lambda tx: documents.slips.ask(
            tx, slip_id, owner_id, "paper.typ", LETTER | more, "凭证 2026-11", rules
        )
    )


async def shown(world: World, slip_id: str, owner_id: str) -> Any:
    async def seen(reader: Any) -> Any:
        slip = await documents.slips.find(reader, slip_id, owner_id)
        return documents.slips.view(slip, world.house.settings, reader.now)

    return await world.house.db.reading(seen)


async def test_a_slip_is_drawn_once_and_anew_when_it_says_something_else(world: World) -> None:
    slip_id, mine = unique("slip"), unique("resident")
    await ask(world, slip_id, mine)
    assert (await shown(world, slip_id, mine)).url == ""
    await world.work()
    first = await shown(world, slip_id, mine)
    reply = await world.call("GET", first.url)
    assert (reply.status, reply.body[:5]) == (200, b"%PDF-")
    assert reply.headers["Content-Type"] == "application/pdf"
    await ask(world, slip_id, mine)
    assert (await shown(world, slip_id, mine)).url
    await ask(world, slip_id, mine, number="2 号")
    assert (await shown(world, slip_id, mine)).url == ""
    await world.work()
    assert (await world.call("GET", (await shown(world, slip_id, mine)).url)).body != reply.body


async def test_a_slip_opens_by_its_own_link_only(world: World) -> None:
    slip_id, other, mine = unique("slip"), unique("slip"), unique("resident")
    await ask(world, slip_id, mine)
    await ask(world, other, mine)
    await world.work()
    _, _, seal = (await shown(world, slip_id, mine)).url.partition("?")
    assert (await world.call("GET", f"/slips/{other}?{seal}")).status == 403
    assert (await world.call("GET", f"/slips/{slip_id}?until=9999999999&sig={'0' * 64}")).status == 403
    try:
        await shown(world, slip_id, unique("resident"))
    except documents.slips.SlipNotFound:
        return
    raise AssertionError("somebody else's slip was shown")
