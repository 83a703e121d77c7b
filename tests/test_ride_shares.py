"""A link to a ride: whoever has it sees the car while the ride is on, and nobody sees anything afterwards."""

from msgspec.structs import replace

from server.positions.shares import SHARES
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.riding import Riding, later, north, put, riding
from tests.world import Person, Reply, World


async def shared(one: Riding, who: Person | None = None) -> Reply:
    return await (who or one.passenger).post(f"/v1/rides/{one.case_no}/shares")


async def link(one: Riding) -> str:
    reply = await shared(one)
    assert reply.status == 201, reply.body
    token: str = reply.json["token"]
    return token


async def looked(world: World, token: str) -> Reply:
    return await world.call("GET", f"/v1/ride-shares/{token}")


async def _asks(world: World) -> Visit:
    one = await riding(world)
    return Visit(path=f"/v1/rides/{one.case_no}/position", who=one.passenger, stranger=await world.resident())


async def _shares(world: World) -> Visit:
    one = await riding(world)
    return Visit(
        path=f"/v1/rides/{one.case_no}/shares", who=one.passenger, body={}, stranger=await world.resident()
    )


async def _takes_back(world: World) -> Visit:
    one = await riding(world)
    await link(one)
    return Visit(path=f"/v1/rides/{one.case_no}/shares", who=one.passenger, stranger=await world.resident())


async def _looks(world: World) -> Visit:
    return Visit(path=f"/v1/ride-shares/{await link(await riding(world))}", shared=True)


HAPPY: Happy = {
    ("GET", "/v1/rides/{case_no}/position"): _asks,
    ("POST", "/v1/rides/{case_no}/shares"): _shares,
    ("DELETE", "/v1/rides/{case_no}/shares"): _takes_back,
    ("GET", "/v1/ride-shares/{token}"): _looks,
}


async def test_who_has_the_link_sees_the_car_and_nothing_of_who_sits_in_it(world: World) -> None:
    one = await riding(world)
    await put(one.driver, north(800))
    made = (await shared(one)).json
    assert made["url"] == f"{world.url}/r/{made['token']}"
    assert made["path"].endswith(made["token"]) and len(made["token"]) >= 22
    seen = (await looked(world, made["token"])).json
    assert (seen["driver"], seen["plate"], seen["stage"]) == ("张师傅", "蒙K12345", "accepted")
    assert seen["text"] == "车离上车点还有约 1.1 公里，预计 3 分钟"
    for secret in (one.case_no, one.passenger.id, one.driver.id, "王桂英", "1394770", "绿苑", "张强"):
        assert secret not in str(seen)


async def test_asked_twice_it_is_the_same_link_and_nobody_reads_it_in_the_database(world: World) -> None:
    one = await riding(world)
    token = await link(one)
    assert await link(one) == token
    async with next_door(world) as house:
        again = await house.meets(one.passenger).post(f"/v1/rides/{one.case_no}/shares")
        assert again.json["token"] == token
    [row] = await world.house.db.reading(lambda reader: reader.all(SHARES, {"case_no": one.case_no}, limit=9))
    assert token not in str(row) and token.encode() not in row.secret


async def test_a_link_that_is_over_taken_back_or_made_up_is_not_there(world: World) -> None:
    ended, back, late = await riding(world), await riding(world), await riding(world)
    tokens = [await link(one) for one in (ended, back, late)]
    await ended.becomes("completed")
    assert (await shared(ended)).code == "ride_not_followed"

    async def heard() -> bool:
        return (await looked(world, tokens[0])).code == "ride_share_not_found"

    await world.until(heard, "memory to hear of the end", 5)
    stranger = await world.resident()
    for somebody, code in ((stranger, "case_not_found"), (back.driver, "forbidden")):
        assert (await shared(back, somebody)).code == code
        assert (await somebody.delete(f"/v1/rides/{back.case_no}/shares")).code == code
    assert (await looked(world, tokens[1])).status == 200
    assert (await back.passenger.delete(f"/v1/rides/{back.case_no}/shares")).status == 204
    later(world, 12 * 3600 + 1)
    texts = set()
    for token in (*tokens, tokens[0][:-1] + "x", "nothing", "x" * 300):
        reply = await looked(world, token)
        assert (reply.status, reply.code) == (404, "ride_share_not_found"), token
        texts.add(reply.json["error"]["message"])
    assert len(texts) == 1
    anew = await link(late)
    assert anew != tokens[2] and (await looked(world, anew)).status == 200


async def test_asking_for_links_again_and_again_is_held_back_by_address(world: World) -> None:
    one = await riding(world)
    own = replace(world.house.settings.positions, share_per_s=0.001, share_burst=3)
    http = replace(world.house.settings.http, proxies=["127.0.0.1"])
    async with next_door(world, positions=own, http=http) as house:
        token = await link(one)
        path, headers = f"/v1/ride-shares/{token}", {"X-Forwarded-For": "203.0.113.9"}
        asked = [await house.call("GET", path, headers=headers) for _ in range(4)]
        assert [reply.status for reply in asked] == [200, 200, 200, 429]
        other = await house.call("GET", path, headers={"X-Forwarded-For": "203.0.113.10"})
        assert other.status == 200


async def test_the_page_says_and_draws_where_the_car_is_and_is_friendly_when_it_is_over(world: World) -> None:
    one = await riding(world)
    token = await link(one)
    unheard = (await world.call("GET", f"/r/{token}")).body.decode()
    assert "暂时收不到车的位置" in unheard and 'class="car"' not in unheard
    await put(one.driver, north(800))
    reply = await world.call("GET", f"/r/{token}")
    page = reply.body.decode()
    assert "车离上车点还有约 1.1 公里，预计 3 分钟" in page and "张师傅" in page and 'data-every="3"' in page
    assert all(f'class="{kind}"' in page for kind in ("pickup", "dropoff", "car", "way"))
    assert reply.headers["Referrer-Policy"] == "no-referrer" and "noindex" in reply.headers["X-Robots-Tag"]
    for secret in (one.case_no, "王桂英", "1394770", "绿苑", "张强"):
        assert secret not in page
    assert (await one.passenger.delete(f"/v1/rides/{one.case_no}/shares")).status == 204
    over = await world.call("GET", f"/r/{token}")
    assert over.status == 404 and "请给家人打个电话" in over.body.decode()
    assert "data-every" not in over.body.decode(), "a page that is over asks no more"
