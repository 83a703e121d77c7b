"""Links to files: whoever holds one may open that file until it expires; nobody can make one up or make it last."""

import hashlib
import hmac
import math
from datetime import datetime

from server.config import Settings
from server.kit.errors import Forbidden


class LinkInvalid(Forbidden):
    """这个链接已经失效，请回到办件里刷新后再看"""


FILES = "files"


def link(settings: Settings, file_id: str, now: datetime, *, room: str = FILES) -> str:
    """`room` is the first part of the address: a link to one room opens nothing in another."""
    until = math.ceil(now.timestamp()) + settings.attachments.link_s
    return f"/{room}/{file_id}?until={until}&sig={_seal(settings, room, file_id, until)}"


def check(
    settings: Settings, file_id: str, until: int, sig: str, now: datetime, *, room: str = FILES
) -> None:
    """Raises LinkInvalid for one that was made up, altered or is too old, without saying which."""
    ours = hmac.compare_digest(sig, _seal(settings, room, file_id, until))
    if not ours or until < now.timestamp():
        raise LinkInvalid


def _seal(settings: Settings, room: str, file_id: str, until: int) -> str:
    about = f"{room} {file_id} {until}".encode()
    return hmac.new(settings.cookie_key.encode(), about, hashlib.sha256).hexdigest()
