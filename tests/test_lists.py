"""Every list reads off an index, in its order, and little more than it returns: asked of the database itself, which
saw the queries as they were made (`scripts/bench --lists` shows that they stay flat to a million)."""

from tornado.ioloop import IOLoop

from tests.bench.crowd import Crowd, fill
from tests.bench.lists import Call, Look, Profiler, calls, problems
from tests.browser import sealed
from tests.world import World


async def _asked(world: World, crowd: Crowd, call: Call) -> int:
    token = crowd.residents[0] if call.who == "resident" else crowd.tokens[call.who]
    path, _, query = call.path.partition("?")
    wanted = dict([query.split("=")]) if query else None
    headers = {"Cookie": f"hoelun_staff={sealed(world, token)}"} if call.page else {}
    reply = await world.call("GET", path, token=None if call.page else token, query=wanted, headers=headers)
    return reply.status


async def test_no_list_and_no_worker_reads_a_whole_collection_or_sorts_in_memory(
    io_loop: IOLoop, world: World
) -> None:
    crowd = await fill(world.house, 0, seeds=3000)
    found: list[str] = []
    async with Profiler(world.house.db._handle) as profiler:
        for call in calls(crowd):
            assert await _asked(world, crowd, call) == 200, call.name
            found += problems(call.name, await profiler.since())
        resident, shop = await world.resident(), await world.shop()
        await profiler.since()
        await shop.brought_to("assigned", resident)
        await world.work()
        for queue in world.house.worker().queues:
            await queue.run_due(world.house.db, "idle", world.house.metrics)
        found += problems("the life of a booking", await profiler.since())
        await world.house.db._handle["cases"].find({"title": "x"}).sort("title", 1).to_list(None)
        scan = await profiler.since()
    assert not found, "\n".join(found)
    assert [one.problems[:2] for one in scan] == [["reads the whole collection", "sorts in memory"]]


def test_looking_at_ten_times_what_is_returned_is_a_problem() -> None:
    look = Look("cases", "IXSCAN { turn: 1 }", False, examined=500, keys=501, returned=20)
    assert look.problems == ["looks at 501 for 20"]
