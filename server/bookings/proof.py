"""Proof of work: the photos that a service asks for before it counts as finished."""

from typing import Any

from server import attachments, catalogue
from server.cases.kinds import Act
from server.kit.errors import Invalid

_TEXTS = {"before": "开始前", "after": "完成后"}


class ProofMissing(Invalid):
    """请先传服务前后的照片，再点完成"""


async def take(act: Act) -> None:
    """The photos of the form belong to the case now. Raises ProofMissing, AttachmentNotFound."""
    service = act.tx.recall(catalogue.SERVICES, act.details.service_id)
    asked: list[Any] = list(service.proof) if service else []
    for moment, text in _TEXTS.items():
        photos = getattr(act.form, moment)
        if moment in asked and not photos:
            raise ProofMissing(f"这项服务要有{text}的照片，请先传照片再点完成", field=moment)
        await attachments.claim(
            act.tx, act.case, act.actor, photos, f"proof:{moment}", moment, attachments.PICTURES
        )
