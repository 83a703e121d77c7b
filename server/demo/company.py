"""The demo's company in WeCom: a department for the street office and for each community and provider, a tag for each
role, and who is where."""

from server.demo.street import Street
from server.sandbox import Department, Member, Tag
from server.staff import ROLE_TEXTS, Staff

STREET, COMMUNITIES, PROVIDERS = 1, 2, 3
_FIRST_COMMUNITY, _FIRST_PROVIDER = 100, 200


def departments(street: Street) -> tuple[Department, ...]:
    """Numbered from their ids: community `c01` is 101, provider `prv01` is 201."""
    roots = (
        Department(id=STREET, name="诃额伦街道办事处", parentid=0),
        Department(id=COMMUNITIES, name="社区", parentid=STREET),
        Department(id=PROVIDERS, name="服务商", parentid=STREET),
    )
    communities = [
        Department(id=_number(one.id, _FIRST_COMMUNITY), name=one.name, parentid=COMMUNITIES)
        for one in street.places
        if one.kind == "community"
    ]
    providers = [
        Department(id=_number(one.id, _FIRST_PROVIDER), name=one.name, parentid=PROVIDERS)
        for one in street.providers
    ]
    return (*roots, *communities, *providers)


def tags() -> tuple[Tag, ...]:
    return tuple(Tag(id=number, name=text) for number, text in enumerate(ROLE_TEXTS.values(), 1))


def members(street: Street) -> tuple[Member, ...]:
    """The made-up staff, the demo accounts first."""
    found = sorted(street.staff, key=lambda one: not one.id.startswith("demo-"))
    return tuple(_member(one) for one in found)


def _member(one: Staff) -> Member:
    roles = list(dict.fromkeys(grant.role for grant in one.grants))
    numbers = list(ROLE_TEXTS)
    return Member(
        userid=one.id,
        name=one.name,
        note="、".join(ROLE_TEXTS[role] for role in roles),
        department=tuple(sorted(_places(one))),
        tags=tuple(sorted(numbers.index(role) + 1 for role in roles)),
    )


def _places(one: Staff) -> set[int]:
    found = set()
    for grant in one.grants:
        if grant.provider_id:
            everywhere = grant.provider_id == "*"
            found.add(PROVIDERS if everywhere else _number(grant.provider_id, _FIRST_PROVIDER))
        elif grant.community_id:
            found.add(_number(grant.community_id, _FIRST_COMMUNITY))
    return found or {STREET}


def _number(item_id: str, first: int) -> int:
    return first + int("".join(letter for letter in item_id if letter.isdigit()))
