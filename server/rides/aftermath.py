"""What comes after a ride: it is rated, or complained about."""

from server import ratings
from server.complaints import Grounds
from server.kit.db import Tx
from server.kit.events import Event, on
from server.ratings import Dimensions

RATED = Dimensions(
    kind="ride",
    rated_in=frozenset({"completed"}),
    names={"punctual": "准时", "attitude": "态度", "driving": "开得稳", "tidy": "车里干净"},
    tags=("来得快", "开得稳", "帮忙拿东西", "车里干净", "来晚了", "绕路", "开得急", "态度不好"),
)

GROUNDS = Grounds(
    kind="ride",
    states=frozenset({"accepted", "arrived", "on_board", "completed", "cancelled", "no_show"}),
    reasons={
        "late": "来晚了或没有来",
        "detour": "绕路",
        "charge": "乱收费",
        "attitude": "态度不好",
        "driving": "开车不安全",
        "other": "其他",
    },
)


@on("ride.complete")
async def ask_for_rating(tx: Tx, event: Event) -> None:
    await ratings.ask(tx, event)
