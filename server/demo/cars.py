"""What the example drivers drive; a car that was given to one of them since stays theirs."""

from schemas.drivers import Vehicle
from server.drivers import DRIVERS
from server.kit.db import Tx
from server.kit.db.collection import plain
from server.staff import Staff

_MODELS = (("大众朗逸", "白色"), ("比亚迪秦", "银色"), ("现代伊兰特", "红色"), ("丰田卡罗拉", "黑色"))
_WHEELCHAIRS = 5
_FIRST_PLATE = 20_001


async def put(tx: Tx, people: list[Staff]) -> None:
    """Every fifth can take a wheelchair along."""
    known = {one.id for one in await tx.all(DRIVERS, {"vehicle.plate": {"$gte": ""}}, limit=1_000)}
    driving = sorted(one.id for one in people if one.is_("driver"))
    for number, driver_id in enumerate(driving):
        if driver_id in known:
            continue
        model, colour = _MODELS[number % len(_MODELS)]
        car = Vehicle(
            plate=f"蒙K{_FIRST_PLATE + number}",
            model=model,
            colour=colour,
            wheelchair=number % _WHEELCHAIRS == 0,
        )
        await tx.change(DRIVERS, {"_id": driver_id}, {"$set": {"vehicle": plain(car)}}, upsert=True)
