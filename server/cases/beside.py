"""A case that is about another one: of the same resident, at the same place, to be called at the same number."""

from datetime import datetime

from schemas.cases import Channel
from server.cases.kinds import Case, Kind
from server.sessions import Actor


def beside(about: Case, kind: Kind, case_no: str, actor: Actor, channel: Channel, now: datetime) -> Case:
    """Not opened yet; the provider has a part in it only if the caller says so."""
    return Case(
        id=case_no,
        kind=kind.name,
        title=f"{kind.text}：{about.title}",
        state="",
        version=0,
        open=True,
        channel=channel,
        resident_id=about.resident_id,
        resident_name=about.resident_name,
        opened_by=actor.key,
        community_id=about.community_id,
        compound_id=about.compound_id,
        created_at=now,
        updated_at=now,
        phone=about.phone,
        phone_tail=about.phone_tail,
        details={},
    )
