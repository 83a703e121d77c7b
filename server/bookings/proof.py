"""Proof of work: the photos that a service asks for before it counts as finished."""

from typing import Any

from server import attachments, catalogue
from server.cases.kinds import Act
from server.kit.errors import Invalid

_TEXTS = {"before": "开始前", "after": "完成后"}


class ProofMissing(Invalid):
    """请先传服务前后的照片，再点完成"""


class NoShowPhotosMissing(Invalid):
    """请先拍一张现场照片（门牌、关着的门），再登记“上门无人”"""


async def take(act: Act) -> None:
    """The photos of the form belong to the case now. Raises ProofMissing, AttachmentNotFound."""
    asked = _asked(act)
    for moment, text in _TEXTS.items():
        photos = getattr(act.form, moment)
        if moment in asked and not photos:
            raise ProofMissing(f"这项服务要有{text}的照片，请先传照片再点完成", field=moment)
        await attachments.claim(
            act.tx, act.case, act.actor, photos, f"proof:{moment}", moment, attachments.PICTURES
        )


async def take_no_show(act: Act) -> None:
    """The photos of a closed door. Where the service asks for them the worker cannot do without; who notes it at a desk
    has none. Raises NoShowPhotosMissing, AttachmentNotFound."""
    photos = act.form.photos
    if "no_show" in _asked(act) and not photos and act.actor.id == act.case.worker_id:
        raise NoShowPhotosMissing(field="photos")
    act.details.no_show_photos = await attachments.claim(
        act.tx, act.case, act.actor, photos, "proof:no_show", "photos", attachments.PICTURES
    )


def _asked(act: Act) -> list[Any]:
    """What the service asked for when it was booked."""
    if act.details.proof is not None:
        return list(act.details.proof)
    service = act.tx.recall(catalogue.SERVICES, act.details.service_id)
    return list(service.proof) if service else []
