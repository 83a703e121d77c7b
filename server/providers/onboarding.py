"""How an organisation becomes a provider: entered by one member of the street's staff, admitted by another.

The application is a case, so that its photos, its history and its clock are those of every case.
"""

from datetime import date, datetime

import msgspec
from msgspec import Struct

from schemas.bookings import MaybeReason, WithReason
from schemas.cases import Channel
from schemas.providers import AmendProvider, HandIn, NewProvider, OnboardingDetails
from server import attachments, catalogue, certificates
from server.cases import Act, Case, Kind, open_case
from server.cases.deadlines import in_working_days
from server.catalogue import PROVIDERS, Provider
from server.certificates.papers import Written
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid
from server.kit.flow import Action, Flow, NoFields, Row, State
from server.kit.vault import Vault
from server.sessions import Actor


class PaperOutOfDate(Invalid):
    """执照或保险已经过期，请填写在有效期内的"""


class CategoryUnknown(Invalid):
    """没有这个服务类别，请从类别列表里选"""


class OwnApplication(Forbidden):
    """自己登记或改过的入驻申请，要由另一位同事审核"""


class AdmittedAlready(Conflict):
    """同名的服务商已经入驻了，请核对名称"""


class Onboarding(Struct, kw_only=True):
    """Stored details. `hands` are all who wrote something of it: none of them admits."""

    name: str
    phone: str
    licence_number: str
    licence_issuer: str
    licence_until: date
    insurance_number: str
    insurance_issuer: str
    insurance_until: date
    categories: list[str]
    daily_bookings: int = 0
    photos: list[str] = []
    hands: list[str] = []
    reason: str = ""
    provider_id: str | None = None


STREET = frozenset({"dispatcher", "admin"})


async def _amend(act: Act) -> None:
    """Raises PaperOutOfDate."""
    given = {name: value for name, value in msgspec.structs.asdict(act.form).items() if value is not None}
    for name, value in given.items():
        setattr(act.details, name, value)
    _check_dates(act.details, today(act.tx.now))
    _signed(act)
    act.case.title, act.case.phone = _title(act.details), act.details.phone
    act.case.phone_tail = act.details.phone[-4:]


def _check_dates(details: Onboarding | NewProvider, day: date) -> None:
    for field in ("licence_until", "insurance_until"):
        if getattr(details, field) < day:
            raise PaperOutOfDate(field=field)


def _signed(act: Act) -> None:
    if act.actor.id not in act.details.hands:
        act.details.hands.append(act.actor.id)


async def _hand_in(act: Act) -> None:
    """Raises AttachmentNotFound, PaperOutOfDate."""
    _check_dates(act.details, today(act.tx.now))
    photos = await attachments.claim(act.tx, act.case, act.actor, act.form.photos, "licence", "photos")
    act.details.photos += photos
    act.details.reason = ""
    _signed(act)


async def _return(act: Act) -> None:
    act.details.reason, act.case.handler_id = act.reason, act.actor.id


async def _approve(act: Act) -> None:
    """Four eyes. Raises OwnApplication, PaperOutOfDate, AdmittedAlready."""
    details: Onboarding = act.details
    if act.actor.id in details.hands:
        raise OwnApplication
    _check_dates(details, today(act.tx.now))
    if any(one.name == details.name for one in act.tx.everything(PROVIDERS).items.values()):
        raise AdmittedAlready
    provider = Provider(
        id=f"prv-{chance.hex(4)}",
        name=details.name,
        phone=details.phone,
        licence=f"{details.licence_issuer} {details.licence_number}",
        daily_bookings=details.daily_bookings,
        categories=details.categories,
    )
    await act.tx.insert(PROVIDERS, provider)
    details.provider_id, act.case.provider_id = provider.id, provider.id
    act.case.handler_id = act.actor.id
    vault, entered_by = Vault(act.rules.field_key), details.hands[0]
    licence = Written(details.licence_number, details.licence_issuer, None, details.licence_until)
    insurance = Written(details.insurance_number, details.insurance_issuer, None, details.insurance_until)
    for kind, paper in (("licence", licence), ("insurance", insurance)):
        await certificates.take_over(act.tx, provider.id, kind, paper, entered_by, act.actor, vault)


FLOW = Flow(
    (
        State("draft", "登记中", "new"),
        State("handed_in", "待审核", "wait"),
        State("returned", "已退回", "late"),
        State("approved", "已入驻", "done", final=True),
        State("withdrawn", "已撤回", "grey", final=True),
    ),
    (
        Action("enter", "登记入驻"),
        Action("amend", "修改", AmendProvider, _amend),
        Action("hand_in", "交审核", HandIn, _hand_in),
        Action("approve", "批准入驻", NoFields, _approve),
        Action("return", "退回", WithReason, _return),
        Action("withdraw", "撤回", MaybeReason, danger=True),
    ),
    (
        Row(Flow.OPENING, "enter", "draft", STREET),
        Row("draft", "hand_in", "handed_in", STREET),
        Row("draft", "amend", "draft", STREET),
        Row("draft", "withdraw", "withdrawn", STREET),
        Row("handed_in", "approve", "approved", STREET),
        Row("handed_in", "return", "returned", STREET),
        Row("handed_in", "withdraw", "withdrawn", STREET),
        Row("returned", "hand_in", "handed_in", STREET),
        Row("returned", "amend", "returned", STREET),
        Row("returned", "withdraw", "withdrawn", STREET),
    ),
)


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    if act.target == "handed_in":
        return None, in_working_days(act.tx, act.rules.providers.review_working_days)
    return None, None


def _sentence(reader: Reader, case: Case, details: Onboarding, mine: frozenset[str]) -> str:
    match case.state:
        case "draft":
            return f"“{details.name}”申请入驻，请传执照照片后交审核"
        case "handed_in":
            return f"“{details.name}”申请入驻，请另一位同事核对执照和保险"
        case "returned":
            return f"“{details.name}”的入驻申请被退回：{details.reason}"
        case "approved":
            return f"“{details.name}”已入驻"
    return f"“{details.name}”的入驻申请已撤回"


def _show(reader: Reader, case: Case, details: Onboarding, mine: frozenset[str]) -> OnboardingDetails:
    names = [reader.recall(catalogue.CATEGORIES, one) for one in details.categories]
    return OnboardingDetails(
        name=details.name,
        phone=details.phone,
        licence_number=details.licence_number,
        licence_issuer=details.licence_issuer,
        licence_until=details.licence_until,
        insurance_number=details.insurance_number,
        insurance_issuer=details.insurance_issuer,
        insurance_until=details.insurance_until,
        categories=[one.name for one in names if one],
        daily_bookings=details.daily_bookings,
        photos=len(details.photos),
        reason=details.reason,
        provider_id=details.provider_id,
    )


ONBOARDING = Kind(
    name="onboarding",
    text="服务商入驻",
    prefix="HS",
    flow=FLOW,
    details=Onboarding,
    deadlines=_deadlines,
    sentence=_sentence,
    show=_show,
    unassigned=frozenset({"handed_in"}),
)


def _title(details: Onboarding) -> str:
    return f"入驻：{details.name}"


async def enter(
    tx: Tx, new: NewProvider, case_no: str, actor: Actor, channel: Channel, rules: Settings
) -> Case:
    """Raises PaperOutOfDate, CategoryUnknown."""
    _check_dates(new, today(tx.now))
    for number, one in enumerate(new.categories):
        if tx.recall(catalogue.CATEGORIES, one) is None:
            raise CategoryUnknown(field=f"categories[{number}]")
    details = Onboarding(**msgspec.structs.asdict(new), hands=[actor.id])
    case = Case(
        id=case_no,
        kind=ONBOARDING.name,
        title=_title(details),
        state="",
        version=0,
        open=True,
        channel=channel,
        resident_id=None,
        resident_name="",
        opened_by=actor.key,
        community_id=None,
        compound_id=None,
        created_at=tx.now,
        updated_at=tx.now,
        phone=new.phone,
        phone_tail=new.phone[-4:],
        details={},
    )
    return await open_case(tx, case, details, ONBOARDING, "enter", actor, rules)
