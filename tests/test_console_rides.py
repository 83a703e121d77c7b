"""The dispatcher's page of cars: who is on duty, where, and who is not heard of."""

from datetime import timedelta

from handlers.sketches import HIGH, WIDE, Mark, sketch
from schemas.places import Spot
from schemas.staff import Grant
from tests.browser import Browser
from tests.riding import SQUARE, driver, later, north, put
from tests.world import World

PATH = "/console/rides"


async def test_cars_on_duty_are_drawn_and_listed_and_who_is_not_heard_of_stands_first(world: World) -> None:
    desk = Browser(world, (await world.staff(Grant(role="dispatcher"))).token)
    heard, silent, home = await driver(world), await driver(world), await driver(world, on_duty=False)
    assert (await put(heard, SQUARE)).status == (await put(silent, north(900))).status == 204
    page = await desk.get(PATH)
    assert "失去联系" not in page.text and page.body.count('<circle class="free"') == 2
    assert "500 米" in page.body, "a scale"

    later(world, 40)
    assert (await put(heard, SQUARE)).status == 204
    page = await desk.get(PATH)

    assert page.body.index(f'id="{silent.id}"') < page.body.index(f'id="{heard.id}"')
    assert page.text.count("失去联系") == 1 and page.body.count('<circle class="lost"') == 1
    assert "位置 0 秒前更新" in page.text and home.id not in page.body
    assert (await Browser(world, heard.token).get(PATH)).status == 403
    world.clock.advance(timedelta(seconds=1))


def test_a_sketch_holds_all_there_is_north_up_and_unstretched() -> None:
    marks = [Mark(north(metres), "free") for metres in (0, 1000, 4000)]
    drawn = sketch([*marks, Mark(SQUARE, "free", to=Spot(SQUARE.lng + 0.02, SQUARE.lat))])
    assert drawn is not None and sketch([]) is None
    low, middle, high, east = drawn.marks
    assert low.y > middle.y > high.y and east.to is not None and east.to[0] > east.x
    assert all(0 <= one.x <= WIDE and 0 <= one.y <= HIGH for one in drawn.marks)
    a_km = low.y - middle.y
    assert abs((low.y - high.y) - 4 * a_km) < 1
    assert abs((east.to[0] - east.x) / a_km - 1.71) < 0.02, "a degree to the east is shorter up here"
