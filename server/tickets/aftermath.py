"""What comes after an order of tickets: it is rated, or complained about."""

from server import ratings
from server.complaints import Grounds
from server.kit.db import Tx
from server.kit.events import Event, on
from server.ratings import Dimensions
from server.tickets.flow import FLOW

RATED = Dimensions(
    kind="ticket",
    rated_in=frozenset({"ticketed", "partial", "closed"}),
    names={"speed": "买票快慢", "attitude": "态度", "clarity": "收费清楚"},
    tags=("买得快", "座位好", "说得清楚", "收费明白", "买得慢", "座位不好", "态度不好", "多收了钱"),
)

GROUNDS = Grounds(
    kind="ticket",
    states=frozenset(FLOW.states),
    reasons={
        "late": "迟迟没有买",
        "wrong": "票买错了",
        "attitude": "态度不好",
        "charge": "乱收费",
        "refund": "退款没到或不对",
        "other": "其他",
    },
)


@on("ticket.record")
async def ask_for_rating(tx: Tx, event: Event) -> None:
    """Once there are tickets."""
    if event.data["target"] != "failed":
        await ratings.ask(tx, event)
