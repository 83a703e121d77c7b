"""Approvals 政务审批: applying for an item, and the forms of each move."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from schemas.common import END, NO_CONTROL, Cursor, Id, Limit, Line, Moment, Reason, Request, Text, View
from schemas.items import Delivery, Key, StepName

_NOT_DRAWN = Meta(extra_json_schema={"x-hidden": True})
Verdict = Literal["pending", "fine", "unclear", "missing", "wrong"]


class MaterialGiven(Request, frozen=True, kw_only=True):
    """`files` are ids of photos that were sent to this case; `reuse` takes those of an earlier case of the resident.

    `paper`: it is handed in on paper at the window.
    """

    key: Key
    files: Annotated[list[Id], Meta(max_length=9)] = []
    reuse: Id | None = None
    paper: bool = False


class NewApproval(Request, frozen=True, kw_only=True):
    """Opens a draft. `item_id` is the item's code; staff name the resident they apply for."""

    item_id: Id
    resident_id: Id | None = None
    form: dict[str, Any] = {}


class EditDraft(Request, frozen=True, kw_only=True):
    """What is named replaces what was there; the rest stays."""

    form: Annotated[dict[str, Any] | None, _NOT_DRAWN] = None
    materials: Annotated[Annotated[list[MaterialGiven], Meta(max_length=30)] | None, _NOT_DRAWN] = None
    delivery: Annotated[Delivery | None, _NOT_DRAWN] = None
    address: Annotated[
        Annotated[str, Meta(max_length=200, pattern=NO_CONTROL, title="邮寄地址")] | None, _NOT_DRAWN
    ] = None


class Sign(Request, frozen=True, kw_only=True):
    """Handing it in: the applicant says that what was filled in is true, by their name or by one drawn as a picture."""

    truthful: Annotated[bool, Meta(title="以上内容属实")]
    signature: Annotated[Id | None, Meta(title="签名图片")] = None


class Judge(Request, frozen=True, kw_only=True):
    """A verdict on one material; the resident reads the remark in the supplement notice."""

    key: Annotated[Key, Meta(title="材料")]
    verdict: Annotated[
        Literal["fine", "unclear", "missing", "wrong"],
        Meta(
            title="意见",
            extra_json_schema={
                "x-texts": {"fine": "合格", "unclear": "看不清", "missing": "缺", "wrong": "不符"}
            },
        ),
    ]
    remark: Annotated[str, Meta(max_length=200, pattern=NO_CONTROL, title="说明")] = ""


class Supplement(Request, frozen=True, kw_only=True):
    """Everything that is lacking, said once: the verdicts that are not `fine` go into the notice by themselves."""

    note: Annotated[Text, Meta(title="补充说明（可不填）")] = ""


class AllowSecond(Request, frozen=True, kw_only=True):
    """A supervisor's signature under a second supplement notice: counts as a fault of whoever wrote the first."""

    reason: Reason


class NotAccept(Request, frozen=True, kw_only=True):
    ground: Annotated[
        str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL, title="法律依据", description="写明条款")
    ]
    reason: Reason


class Pass(Request, frozen=True, kw_only=True):
    opinion: Annotated[Text, Meta(title="意见")] = ""


class Visit(Request, frozen=True, kw_only=True):
    """What a home visit found: photos are ids of pictures sent to this case, `visitors` at least two people."""

    visitors: Annotated[
        str, Meta(min_length=1, max_length=100, pattern=NO_CONTROL, title="入户人员（两人以上）")
    ]
    report: Annotated[str, Meta(min_length=1, max_length=1000, pattern=NO_CONTROL, title="入户情况")]
    photos: Annotated[list[Id], Meta(max_length=9, title="入户照片")] = []


class Appraise(Request, frozen=True, kw_only=True):
    """A democratic appraisal: who came, and how many were for and against."""

    present: Annotated[int, Meta(ge=1, le=999, title="到会人数")]
    agreed: Annotated[int, Meta(ge=0, le=999, title="同意人数")]
    minutes: Annotated[str, Meta(min_length=1, max_length=1000, pattern=NO_CONTROL, title="评议情况")]


class Objection(Request, frozen=True, kw_only=True):
    """Somebody objects during the publicity; the applicant does not learn who."""

    text: Annotated[str, Meta(min_length=1, max_length=500, pattern=NO_CONTROL, title="异议内容")]
    by: Annotated[str, Meta(max_length=60, pattern=NO_CONTROL, title="提出人（只有工作人员可见）")] = ""


class AnswerObjection(Request, frozen=True, kw_only=True):
    upheld: Annotated[bool, Meta(title="异议成立")]
    answer: Annotated[str, Meta(min_length=1, max_length=500, pattern=NO_CONTROL, title="核实情况")]


class DistrictAnswer(Request, frozen=True, kw_only=True):
    agreed: Annotated[bool, Meta(title="区里同意")]
    document: Annotated[str, Meta(max_length=60, pattern=NO_CONTROL, title="文号")] = ""
    opinion: Annotated[Text, Meta(title="意见")] = ""


class SendBack(Request, frozen=True, kw_only=True):
    """To an earlier node, or to the pre-review."""

    node: Annotated[
        Literal["pre_review", "community_review", "home_visit", "appraisal", "publicity", "street_review"],
        Meta(
            title="退回到",
            extra_json_schema={
                "x-texts": {
                    "pre_review": "预审",
                    "community_review": "社区审核",
                    "home_visit": "入户调查",
                    "appraisal": "民主评议",
                    "publicity": "公示",
                    "street_review": "街道审核",
                }
            },
        ),
    ]
    reason: Reason


class HandTo(Request, frozen=True, kw_only=True):
    """Another member of the staff who may do this step; they are told."""

    userid: Annotated[
        Id, Meta(title="交给谁", extra_json_schema={"x-source": "/v1/cases/{case_no}/colleagues"})
    ]
    reason: Reason


class CopyTo(Request, frozen=True, kw_only=True):
    """Somebody who may read the case from now on; they are told."""

    userid: Annotated[
        Id,
        Meta(
            title="抄送给谁", extra_json_schema={"x-source": "/v1/cases/{case_no}/colleagues?everybody=true"}
        ),
    ]
    reason: Reason


class Decide(Request, frozen=True, kw_only=True):
    """The decision to grant."""

    opinion: Annotated[Text, Meta(title="决定意见")] = ""


class Deny(Request, frozen=True, kw_only=True):
    ground: Annotated[
        str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL, title="法律依据", description="写明条款")
    ]
    reason: Reason


class Deliver(Request, frozen=True, kw_only=True):
    """How it reached them: who took it, or the number of the letter. At the window the resident says the code that
    their case shows."""

    method: Annotated[
        Delivery,
        Meta(
            title="送达方式",
            extra_json_schema={"x-texts": {"pick_up": "窗口领取", "mail": "邮寄", "electronic": "电子送达"}},
        ),
    ]
    code: Annotated[
        str, Meta(pattern=r"^[0-9]{0,6}" + END, title="取件码", description="窗口领取时，请居民念取件码")
    ] = ""
    note: Annotated[str, Meta(max_length=100, pattern=NO_CONTROL, title="领取人或邮件号")] = ""


class MaterialShown(View, frozen=True, kw_only=True):
    """One line of the list as it stands. `applies`: false while its condition does not hold. `reuse_from`: the earlier
    case whose photos may be taken."""

    key: str
    name: str
    applies: bool
    required: bool
    copies_text: str
    number: int
    hint: str
    issued_by: str
    files: list[str]
    paper: bool
    reused_from: str
    verdict: Verdict
    verdict_text: str
    remark: str


class StepShown(View, frozen=True, kw_only=True):
    """A stop on the way, from the draft to the delivery. `state`: done, now, ahead, skipped."""

    name: str
    text: str
    state: Literal["done", "now", "ahead", "skipped"]
    who: str
    at: str
    limit_text: str


class NoticeShown(View, frozen=True, kw_only=True):
    """A supplement notice: everything that was lacking."""

    number: int
    at: str
    until: str
    lines: list[str]
    note: str
    answered: bool


class PaperShown(View, frozen=True, kw_only=True):
    """A receipt or decision as PDF; `code` is what its QR code leads to."""

    name: str
    text: str
    number: str
    at: str
    url: str
    code: str


class ObjectionShown(View, frozen=True, kw_only=True):
    number: int
    text: str
    at: str
    upheld: bool | None
    answer: str
    by: str = ""


class VisitShown(View, frozen=True, kw_only=True):
    at: str
    visitors: str
    report: str
    photos: list[str]


class SignerShown(View, frozen=True, kw_only=True):
    userid: str
    name: str
    at: str
    opinion: str


class ApprovalDetails(View, frozen=True, kw_only=True):
    """What the case page shows. `form` has the answers by the names of the item's fields. `lies_with`: where it lies now,
    `next_text`: what comes next, `aloud`: all of it as one sentence to be read out. Its papers are a list of their own
    (`GET /v1/cases/{case_no}/documents`). Fields after `pick_up_code` are for staff only and empty for others."""

    item_id: str
    item_version: int
    item: str
    domain_text: str
    form: dict[str, Any]
    materials: list[MaterialShown]
    complete: bool
    lacking: list[str]
    delivery: Delivery | None
    address: str
    steps: list[StepShown]
    lies_with: str
    next_text: str
    aloud: str
    notices: list[NoticeShown]
    publicity_until: str
    result_text: str
    ground: str
    reason: str
    pick_up_code: str
    step: StepName | None = None
    opinions: list[str] = []
    visits: list[VisitShown] = []
    objections: list[ObjectionShown] = []
    signers: list[SignerShown] = []
    copied_to: list[str] = []
    faults: list[str] = []
    second_allowed: bool = False


class ReuseView(View, frozen=True, kw_only=True):
    """Photos of an earlier case that may be handed in again for this material."""

    key: str
    case_no: str
    title: str
    at: datetime
    files: list[str]


class ReusesView(View, frozen=True, kw_only=True):
    items: list[ReuseView]
    next: str | None = None


class FindColleagues(Request, frozen=True, kw_only=True):
    """Who may do the present step of the case; or everybody, for sending a copy."""

    everybody: bool = False


class ColleagueView(View, frozen=True, kw_only=True):
    id: str
    name: str
    role_text: str


class ColleaguesView(View, frozen=True, kw_only=True):
    items: list[ColleagueView]
    next: str | None = None


class NewDelegation(Request, frozen=True, kw_only=True):
    """While I am away this colleague may do my steps of approvals."""

    deputy_id: Annotated[Id, Meta(title="请谁代办")]
    from_: Annotated[Moment, Meta(title="从什么时候")] = msgspec.field(name="from")
    until: Annotated[Moment, Meta(title="到什么时候")]
    reason: Annotated[Line, Meta(title="原因")]


class DelegationView(View, frozen=True, kw_only=True):
    """`mine`: given by who asks; otherwise given to them. `state`: ahead, active, over, revoked."""

    id: str
    mine: bool
    member_id: str
    member: str
    deputy_id: str
    deputy: str
    from_: datetime = msgspec.field(name="from")
    until: datetime
    reason: str
    state: Literal["ahead", "active", "over", "revoked"]
    state_text: str


class DelegationsView(View, frozen=True, kw_only=True):
    items: list[DelegationView]
    next: str | None = None


class FindFaults(Request, frozen=True, kw_only=True):
    cursor: Cursor | None = None
    limit: Limit = 50


class FaultView(View, frozen=True, kw_only=True):
    """What went wrong with a case, and whose it was; `userid` is empty where nobody had it."""

    id: str
    at: datetime
    userid: str
    name: str
    community_id: str | None
    community: str
    case_no: str
    kind: Literal["second_supplement", "deemed"]
    text: str


class FaultsView(View, frozen=True, kw_only=True):
    """The newest first."""

    items: list[FaultView]
    next: str | None = None
