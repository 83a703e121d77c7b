"""Items 事项: what can be applied for, what it takes, and how long it may last."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from schemas.common import (
    END,
    NO_CONTROL,
    ONE_LINE,
    Cursor,
    Fen,
    FormField,
    Limit,
    Line,
    Reason,
    Request,
    Text,
    View,
)

Domain = Literal["labour", "civil_affairs", "family_planning", "pension", "medical", "certificates"]
Level = Literal["community", "street", "district"]
ItemState = Literal["draft", "proposed", "published", "retired"]
Copies = Literal["original", "copy", "both", "photo"]
StepName = Literal["community_review", "home_visit", "appraisal", "publicity", "street_review", "district"]
StepRole = Literal["clerk", "elder_team", "reviewer"]
ResultType = Literal["certificate", "approval", "payment", "registration"]
Delivery = Literal["pick_up", "mail", "electronic"]
Code = Annotated[str, Meta(min_length=2, max_length=24, pattern=r"^[A-Z0-9-]+" + END, title="事项编码")]
Key = Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*" + END)]
Title = Annotated[str, Meta(min_length=1, max_length=60, pattern=ONE_LINE)]
Days = Annotated[int, Meta(ge=0, le=365)]
FieldType = Literal["text", "number", "choice", "yes_no"]


class ItemField(FormField, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A field of an item's form: what applicants answer. `options` are for a choice, as `value` and `text`."""

    name: Key
    label: Title
    type: FieldType
    options: Annotated[list[dict[str, str]], Meta(max_length=30)] = []
    hint: Annotated[str, Meta(max_length=200, pattern=NO_CONTROL)] = ""


class Condition(Request, frozen=True, kw_only=True):
    """That a field of the form has one of these answers."""

    field: Key
    is_: Annotated[list[str | bool | float], Meta(min_length=1, max_length=20)] = msgspec.field(name="is")


class Material(Request, frozen=True, kw_only=True):
    """A paper to hand in. `required` always; with `when` only if the form says so; neither: may be added.

    `reusable` ones are offered again from what the resident handed in before with the same `key`. `sample` is the id of a
    sample picture, `issued_by` who gives it out.
    """

    key: Key
    name: Title
    required: bool = True
    when: Condition | None = None
    reusable: bool = False
    copies: Copies = "photo"
    number: Annotated[int, Meta(ge=1, le=10)] = 1
    sample: Annotated[str, Meta(max_length=64, pattern=r"^[A-Za-z0-9_-]*" + END)] = ""
    issued_by: Annotated[str, Meta(max_length=60, pattern=ONE_LINE)] = ""
    hint: Annotated[str, Meta(max_length=200, pattern=NO_CONTROL)] = ""


class Step(Request, frozen=True, kw_only=True):
    """One stop after acceptance: who does it, within how many working days of its own (0: no limit of its own).

    `outside_limits`: its time does not count towards the legal and the promised limit (special procedures). `days` is how
    long a publicity lasts, in working days.
    """

    name: StepName
    role: StepRole
    limit: Days = 0
    outside_limits: bool = False
    days: Annotated[int, Meta(ge=0, le=60)] = 0


class Hint(Request, frozen=True, kw_only=True):
    """What is told before filling in: who it is for. `min_age` is reached this year; never a refusal by itself."""

    text: Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL)]
    min_age: Annotated[int, Meta(ge=0, le=120)] | None = None
    max_age: Annotated[int, Meta(ge=0, le=120)] | None = None
    local: bool = False


class ItemBody(Request, frozen=True, kw_only=True):
    """The definition itself: what the file of an item contains. Limits are in working days, counted from acceptance.

    `instant` 即办件 is decided at the window at once; otherwise it is a commitment item 承诺件. `four_eyes`: who decides
    is not who reviewed. `acceptance_days`: within them the resident hears whether it is accepted; `deemed`: if they do
    not, it counts as accepted from the day it came in (《行政许可法》第三十二条). `supplement_days`: how long they have
    to answer a supplement notice. `extension_days` is the most that may be added once.
    """

    code: Code
    name: Title
    domain: Domain
    level: Level
    summary: Text = ""
    basis: Annotated[list[Line], Meta(max_length=10)] = []
    legal_days: Days
    promised_days: Days
    extension_days: Days = 0
    acceptance_days: Days = 5
    deemed: bool = False
    supplement_days: Annotated[int, Meta(ge=1, le=365)] = 30
    instant: bool = False
    four_eyes: bool = True
    fee_fen: Fen = 0
    visits: Annotated[int, Meta(ge=0, le=10)] = 0
    fields: Annotated[list[ItemField], Meta(max_length=30)] = []
    materials: Annotated[list[Material], Meta(max_length=30)] = []
    steps: Annotated[list[Step], Meta(max_length=6)] = []
    hints: Annotated[list[Hint], Meta(max_length=10)] = []
    result: ResultType
    result_name: Title
    deliveries: Annotated[list[Delivery], Meta(min_length=1, max_length=3)] = msgspec.field(
        default_factory=lambda: list[Delivery](["pick_up"])
    )
    guide: Annotated[str, Meta(max_length=4000, pattern=NO_CONTROL)] = ""
    rank: Annotated[int, Meta(ge=0, le=9999)] = 0


class FindItems(Request, frozen=True, kw_only=True):
    domain: Domain | None = None
    q: Annotated[str, Meta(max_length=40, pattern=ONE_LINE)] = ""
    cursor: Cursor | None = None
    limit: Limit = 50


class MaterialView(View, frozen=True, kw_only=True):
    """`when` is null, or a `field` of the form and the answers it `is` one of; `when_text` says so in words."""

    key: str
    name: str
    required: bool
    when_text: str
    when: dict[str, Any] | None
    reusable: bool
    copies: Copies
    copies_text: str
    number: int
    sample_url: str
    issued_by: str
    hint: str


class StepView(View, frozen=True, kw_only=True):
    name: StepName
    text: str
    role_text: str
    limit_text: str


class HintView(View, frozen=True, kw_only=True):
    """`fits`: null where nobody can tell (not signed in, birthday unknown)."""

    text: str
    fits: bool | None


class ItemCard(View, frozen=True, kw_only=True):
    id: str
    code: str
    name: str
    domain: Domain
    domain_text: str
    summary: str
    limit_text: str
    instant: bool
    fee_text: str


class ItemView(ItemCard, frozen=True, kw_only=True):
    """`id` is the code: it names the version that can be applied for now, `version` which one that is."""

    version: int
    level: Level
    level_text: str
    basis: list[str]
    legal_days: int
    promised_days: int
    visits_text: str
    fields: list[FormField]
    materials: list[MaterialView]
    steps: list[StepView]
    hints: list[HintView]
    result_text: str
    deliveries: list[Delivery]
    guide: str


class ItemsView(View, frozen=True, kw_only=True):
    items: list[ItemCard]
    next: str | None = None


class EditItem(Request, frozen=True, kw_only=True):
    """`revision` is that of the draft which was looked at."""

    body: ItemBody
    revision: Annotated[int, Meta(ge=1)]


class ItemAsSeen(Request, frozen=True, kw_only=True):
    """What is done is done to the draft as it was read."""

    revision: Annotated[int, Meta(ge=1)] | None = None


class ReturnItem(Request, frozen=True, kw_only=True):
    reason: Reason


class RetireItem(Request, frozen=True, kw_only=True):
    reason: Reason


class ImportItem(Request, frozen=True, kw_only=True):
    """The text of a file: TOML or JSON, one item."""

    content: Annotated[str, Meta(min_length=1, max_length=60_000)]


class FindItemFile(Request, frozen=True, kw_only=True):
    format: Literal["toml", "json"] = "toml"


class FindItemChanges(Request, frozen=True, kw_only=True):
    """`since`: the version to compare with; the one that was published before it if left out."""

    since: Annotated[int, Meta(ge=1)] | None = None


class ItemVersionView(View, frozen=True, kw_only=True):
    """One version as the desk sees it. `writers` are all who had a hand in it: none of them may publish it."""

    id: str
    code: str
    number: int
    revision: int
    state: ItemState
    state_text: str
    body: ItemBody
    author: str
    writers: list[str]
    created_at: datetime
    published_by: str
    published_at: datetime | None
    retired_at: datetime | None
    reason: str
    actions: list[str]


class ItemVersionsView(View, frozen=True, kw_only=True):
    """The newest first."""

    items: list[ItemVersionView]
    next: str | None = None


class ItemFileView(View, frozen=True, kw_only=True):
    """A version as a file that can be imported again."""

    name: str
    content: str


class ItemChange(View, frozen=True, kw_only=True):
    """One thing that differs, in words. Empty: it is not there."""

    where: str
    before: str
    after: str


class ItemChangesView(View, frozen=True, kw_only=True):
    """`since` 0: there was none before it, so that everything is new."""

    code: str
    since: int
    number: int
    changes: list[ItemChange]
