"""The table that makes roles of departments and tags; a change of it is proposed, and approved by somebody else."""

from typing import Any

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console.case import read_as
from handlers.console.providers import Done, Refused
from handlers.console.staff import grant_of, scopes
from handlers.page import Goto, Page, Shown
from schemas.staff import DeclineProposal
from server import role_changes, roles, staff
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.roles import GROUPS, ROLE_RULES, SOURCES, RoleRule, Source
from server.staff import ROLES

RULES = "/console/role-rules"


class NoGroup(Invalid):
    """请选一个部门或标签"""


class Row(Struct, frozen=True):
    """A rule as it is shown."""

    rule: RoleRule
    group: str
    grant: str
    people: int
    by: str


def _row(reader: Reader, rule: RoleRule) -> Row:
    names = [staff.name_of(reader, one) for one in (rule.by, rule.approved_by) if one]
    return Row(
        rule=rule,
        group=roles.group_text(reader, rule.source, rule.number),
        grant=roles.grant_text(reader, rule.grant),
        people=len(roles.members_of(reader, rule.source, rule.number)),
        by="、".join(names),
    )


def picture(reader: Reader, refused: Refused) -> dict[str, Any]:
    groups = sorted(reader.everything(GROUPS).items.values(), key=lambda one: (one.source, one.number))
    return {
        "rows": [_row(reader, one) for one in roles.known_table(reader).rules],
        "groups": [
            (text, [one for one in groups if one.source == source]) for source, text in SOURCES.items()
        ],
        "all_roles": ROLES,
        "scopes": scopes(reader),
        "refused": refused,
    }


class RoleRules(Page):
    path = RULES
    under = "/console/staff"

    @allow("admin")
    async def get(self) -> Shown:
        """Which department or tag gives which role."""
        facts = picture(self.building.db.reader(), Refused())
        return Shown("console/staff_rules.html", facts | {"flash": self.flashed()})


class RoleRuleAct(Page):
    path = RULES + "/{action}"

    @allow("admin")
    async def get(self, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(RULES)

    @allow("admin")
    async def post(self, action: str, form: dict[str, str]) -> Shown | Goto:
        """Propose one rule more, or one less; sent twice it is done once."""
        if action not in ("add", "remove"):
            raise role_changes.ProposalNotFound
        actor, rules = self.actor, self.building.settings

        async def done(tx: Tx) -> Done:
            reason = read_as({"reason": form.get("reason", "").strip()}, DeclineProposal).reason
            rule = _wanted(form) if action == "add" else await _present(tx, form)
            await role_changes.propose_rule(tx, rule, reason, actor, rules, removes=action == "remove")
            return Done("已提出，等另一位管理员同意后生效")

        try:
            answer = await self.once(done)
        except HoelunError as error:
            if error.status not in (403, 409, 422):
                raise
            await self.note_refusal(error)
            facts = picture(self.building.db.reader(), Refused(action, error.message, form))
            return Shown("console/staff_rules.html", facts | {"flash": ""}, error.status)
        self.flash(msgspec.json.decode(answer.body, type=Done).text)
        return Goto(RULES)


def _wanted(form: dict[str, str]) -> RoleRule:
    source, _, number = form.get("group", "").partition(":")
    grant = grant_of(form)
    if source not in SOURCES or not number.isdigit() or len(number) > 9 or grant is None:
        raise NoGroup(field="group")
    known: Source = "department" if source == "department" else "tag"
    return roles.rule_of(known, int(number), grant)


async def _present(tx: Tx, form: dict[str, str]) -> RoleRule:
    rule = await tx.get(ROLE_RULES, form.get("rule", ""))
    if rule is None:
        raise role_changes.NothingToChange
    return rule
