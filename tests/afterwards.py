"""What follows a service, for the tests of ratings, follow-ups and complaints: a completed booking, who has a part in a
case that is about it."""

from collections.abc import Iterable
from typing import Any

from schemas.staff import Grant
from tests.walks import Stage
from tests.world import Person, Shop, World


async def completed(world: World) -> tuple[Shop, Person, dict[str, Any]]:
    """A booking whose service is over."""
    shop, resident = await world.shop(capacity=20), await world.resident()
    return shop, resident, await shop.brought_to("completed", resident)


async def beside(
    world: World, shop: Shop, resident: Person, case_no: str, nobody: Iterable[str], **more: Person
) -> Stage:
    """The case with everybody around it; `nobody` have no part in it."""
    cast = {
        "resident": resident,
        "another_resident": await world.resident(),
        "operator": await world.staff(Grant(role="operator")),
        "clerk": await world.staff(Grant(role="clerk", community_id=world.community)),
        "dispatcher": shop.dispatcher,
        "provider": shop.manager,
        "worker": shop.worker,
        **more,
    }
    without = {"another_resident", *nobody}
    parts = {name: frozenset() if name in without else frozenset({name}) for name in cast}
    return Stage((await resident.get(f"/v1/cases/{case_no}")).json, cast, parts)
