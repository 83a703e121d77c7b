"""The staff is told: who may publish that something waits, and who wrote it what became of it."""

from server import staff, staff_push
from server.kit.db import Tx
from server.kit.events import Event, on
from server.service_versions.stored import KINDS, SERVICE_VERSIONS
from server.staff_push import Word

PAGE = "/console/services"
_TITLES = {"publish": "您写的服务已批准", "return": "您写的服务被退回", "begin": "您写的服务今天生效"}


@on("service_version.*")
async def tell(tx: Tx, event: Event) -> None:
    """Drafts go to the dispatchers, answers to the author."""
    made = await tx.get(SERVICE_VERSIONS, event.subject)
    if made is None:
        return
    what = event.type.partition(".")[2]
    page = f"{PAGE}/{made.service_id}/versions/{made.number}"
    about = f"{KINDS[made.kind]}“{made.service.name}”"
    if what == "draft":
        word = Word(title="有服务等您审核", text=f"{made.author}：{about}。{made.note}", page=page)
        everybody = tx.everything(staff.STAFF).items.values()
        ids = sorted(one.id for one in everybody if one.is_("dispatcher"))
        await staff_push.send_all(tx, event, [one for one in ids if one != made.author_id], word)
    elif what in _TITLES:
        word = Word(title=_TITLES[what], text=f"{about}。{made.reason}".strip("。") + "。", page=page)
        await staff_push.send(tx, event, made.author_id, word)
