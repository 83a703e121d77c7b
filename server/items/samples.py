"""Sample pictures of materials: sent to an item's draft, and shown to whoever reads its guide.

They are kept for good, as old versions show them too.
"""

from msgspec import Struct
from msgspec.structs import replace

from schemas.items import ItemBody
from server import attachments
from server.attachments import ATTACHMENTS
from server.kit.db import Reader, Tx
from server.kit.errors import NotFound
from server.sessions import Actor


class MaterialNotFound(NotFound):
    """这一版里没有这份材料，请刷新后再传"""


class Album(Struct, frozen=True):
    """What the sample pictures of an item are sent to."""

    id: str


def album(code: str) -> Album:
    return Album(f"item:{code}")


async def with_sample(tx: Tx, body: ItemBody, key: str, picture_id: str, actor: Actor) -> ItemBody:
    """The picture now is that material's. Raises MaterialNotFound, AttachmentNotFound."""
    if key not in {one.key for one in body.materials}:
        raise MaterialNotFound
    place = album(body.code)
    await attachments.claim(tx, place, actor, [picture_id], f"sample:{key}", "sample", attachments.PICTURES)
    papers = [replace(one, sample=picture_id) if one.key == key else one for one in body.materials]
    return replace(body, materials=papers)


async def with_own_samples(reader: Reader, body: ItemBody) -> ItemBody:
    """Without pictures that are not this item's: those of a file from elsewhere, or of the item it was copied from."""
    wanted = [one.sample for one in body.materials if one.sample]
    if not wanted:
        return body
    kept = {"_id": {"$in": wanted}, "case_no": album(body.code).id, "owner_id": {"$type": "string"}}
    own = {one.id for one in await reader.all(ATTACHMENTS, kept, limit=len(wanted))}
    papers = [one if one.sample in own else replace(one, sample="") for one in body.materials]
    return replace(body, materials=papers)
