"""How well providers and workers are rated: two counters for each, raised with every rating, read from memory."""

from typing import Annotated

from msgspec import Meta

from schemas.ratings import ScoreView
from server.kit.db import Collection, Reader, Stored, Tx


class Score(Stored, kw_only=True):
    """`id` says whose: `provider:…` or `worker:…`. The average is `stars / count`."""

    count: Annotated[int, Meta(ge=0)]
    stars: Annotated[int, Meta(ge=0)]


SCORES: Collection[Score] = Collection("scores", Score, whole=True)


def provider_key(provider_id: str) -> str:
    return f"provider:{provider_id}"


def worker_key(worker_id: str) -> str:
    return f"worker:{worker_id}"


async def add(tx: Tx, owner: str, stars: int) -> None:
    await tx.change(SCORES, {"_id": owner}, {"$inc": {"count": 1, "stars": stars}}, upsert=True)


def view(reader: Reader, owner: str) -> ScoreView | None:
    """None where nobody has rated yet: that is no bad mark."""
    score = reader.recall(SCORES, owner)
    if score is None or not score.count:
        return None
    return ScoreView(average=round(score.stars / score.count, 1), count=score.count)
