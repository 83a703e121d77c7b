"""Which way a case goes: from one step of its item to the next, who holds it there, and who may act in whose place."""

from schemas.items import Step
from server import items, staff
from server.approvals import timing
from server.approvals.details import Approval, Did, Opinion
from server.cases import Act, Case, parts
from server.items import Body
from server.kit.db import Reader
from server.kit.errors import Conflict, Forbidden
from server.staff import Staff

DECISION = "decision"
STEPS = ("community_review", "home_visit", "appraisal", "publicity", "street_review", "district")
OPEN_STATIONS = frozenset({"pre_review", *STEPS, DECISION})


class NotYourStep(Forbidden):
    """这一步不归您的岗位办，请转给负责的同事"""


class InOthersHands(Conflict):
    """这个办件已有同事在办，需要您来办时请他转交给您"""


def body_of(reader: Reader, approval: Approval) -> Body:
    """The item in the version with which the case has started."""
    return items.version(reader, approval.item_id).body


def step_named(body: Body, name: str) -> Step | None:
    return next((one for one in body.steps if one.name == name), None)


def after(body: Body, name: str) -> str:
    """The station that follows; the decision follows the last step."""
    names = [one.name for one in body.steps]
    rest = names[names.index(name) + 1 :] if name in names else names
    return rest[0] if rest else DECISION


def before(body: Body, name: str) -> list[str]:
    """The stations that lie before it, the pre-review first."""
    names = [str(one.name) for one in body.steps]
    return ["pre_review", *(names[: names.index(name)] if name in names else names)]


def role_at(body: Body, state: str) -> str:
    """Whose part a station is."""
    if state == DECISION:
        return "reviewer"
    step = step_named(body, state)
    return step.role if step is not None else "clerk"


def holder(reader: Reader, case: Case) -> Staff | None:
    """Who has the case now; nobody, if they have left."""
    member = reader.recall(staff.STAFF, case.handler_id or "")
    return member if member is not None and member.active else None


def stands_for(act: Act) -> Staff | None:
    """The colleague in whose place the actor does this. Raises NotYourStep, InOthersHands.

    The case is the actor's from now on if it was nobody's: a step is never done by nobody.
    """
    role = role_at(body_of(act.tx, act.details), act.source)
    own = {one.role for one in act.actor.grants}
    if role not in parts(act.actor, act.case):
        raise NotYourStep
    has = holder(act.tx, act.case)
    if has is not None and has.id != act.actor.id:
        if all(one.userid != has.id for one in act.actor.standing_in):
            raise InOthersHands(f"{has.name}在办，需要您来办时请{has.name}转交给您")
        return has
    act.case.handler_id = act.actor.id
    if role in own:
        return None
    away = [one.userid for one in act.actor.standing_in if any(grant.role == role for grant in one.grants)]
    return act.tx.recall(staff.STAFF, away[0]) if away else None


def claim(act: Act) -> Staff | None:
    """The same, and the history says for whom it is done."""
    colleague = stands_for(act)
    if colleague is not None:
        act.facts = {**act.facts, "for": f"代{colleague.name}办"}
    return colleague


def opine(act: Act, what: str, text: str, colleague: Staff | None) -> None:
    """What was thought at this step stays, also if it has to be done again."""
    act.details.opinions.append(
        Opinion(
            step=act.source,
            what=what,  # type: ignore[arg-type]
            at=act.tx.now,
            by=act.actor.id,
            name=act.actor.name,
            stands_for=colleague.name if colleague is not None else "",
            text=text,
        )
    )


def done(act: Act, colleague: Staff | None) -> None:
    """This station has been passed, by the actor."""
    approval: Approval = act.details
    approval.did[act.source] = Did(at=act.tx.now, by=act.actor.id, name=act.actor.name)
    approval.holders[act.source] = act.actor.id
    approval.reviewers = reviewed(approval, act, colleague)


def reviewed(approval: Approval, act: Act, colleague: Staff | None) -> list[str]:
    """Those who have reviewed: at the street's review, and where the item has none, who accepted."""
    has_review = step_named(body_of(act.tx, approval), "street_review") is not None
    counts = act.source == "street_review" if has_review else act.source in ("submitted", "pre_review")
    if not counts or act.actor.kind != "staff":
        return approval.reviewers
    more = [act.actor.id, *([colleague.id] if colleague is not None else [])]
    return list(dict.fromkeys([*approval.reviewers, *more]))


def enter(act: Act, state: str) -> None:
    """The case comes to this station: its clocks run as the item says, and whoever did it before has it again."""
    approval, case = act.details, act.case
    body = body_of(act.tx, approval)
    act.target = state
    leaves = timing.leave(act)
    approval.step = state if state in STEPS else None
    approval.role = role_at(body, state) if state in OPEN_STATIONS else ""
    timing.arrive(act, step_named(body, state), leaves)
    if state in OPEN_STATIONS:
        case.handler_id = _next_holder(act, state)


def _next_holder(act: Act, state: str) -> str | None:
    """Who did it before; at the window who has accepted it. Otherwise it is nobody's until somebody takes it."""
    approval: Approval = act.details
    theirs = approval.holders.get("pre_review", "") if approval.role == "clerk" else ""
    known = act.tx.recall(staff.STAFF, approval.holders.get(state, theirs))
    return known.id if known is not None and known.active else None


def again_from(approval: Approval, body: Body, node: str) -> None:
    """What lies at or behind this node has to be gone again."""
    names = ["pre_review", *(one.name for one in body.steps)]
    redone = {*names[names.index(node) :], DECISION}
    approval.did = {name: one for name, one in approval.did.items() if name not in redone}
    if "street_review" in redone or step_named(body, "street_review") is None:
        approval.reviewers = []
    approval.signers = []
    approval.proposal = ""
