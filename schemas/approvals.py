"""Approvals 政务审批: applying for an item, and the forms of each move."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.common import NO_CONTROL, Id, Reason, Request, Text, View
from schemas.items import Delivery, Key, StepName

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

    form: dict[str, Any] | None = None
    materials: Annotated[list[MaterialGiven], Meta(max_length=30)] | None = None
    delivery: Delivery | None = None
    address: Annotated[str, Meta(max_length=200, pattern=NO_CONTROL)] | None = None


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


class Decide(Request, frozen=True, kw_only=True):
    """The decision to grant."""

    opinion: Annotated[Text, Meta(title="决定意见")] = ""


class Deny(Request, frozen=True, kw_only=True):
    ground: Annotated[
        str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL, title="法律依据", description="写明条款")
    ]
    reason: Reason


class Deliver(Request, frozen=True, kw_only=True):
    """How it reached them: who took it, or the number of the letter."""

    method: Annotated[
        Delivery,
        Meta(
            title="送达方式",
            extra_json_schema={"x-texts": {"pick_up": "窗口领取", "mail": "邮寄", "electronic": "电子送达"}},
        ),
    ]
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
    """What the case page shows. `lies_with`: where it lies now, `next_text`: what comes next, `aloud`: all of it as one
    sentence to be read out. Fields after `papers` are for staff only and empty for others."""

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
    papers: list[PaperShown]
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


class FindProgress(Request, frozen=True, kw_only=True):
    """Without a login: the number on the receipt, and the last four digits of the phone left with it."""

    case_no: Annotated[str, Meta(min_length=8, max_length=30)]
    phone_tail: Annotated[str, Meta(pattern=r"^[0-9]{4}(?!\n)$", title="手机号后四位")]


class ProgressView(View, frozen=True, kw_only=True):
    """No name, no material, nothing but where it stands."""

    case_no: str
    item: str
    state_text: str
    tone: str
    aloud: str
    clock_text: str
    steps: list[StepShown]
