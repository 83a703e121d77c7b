"""The example street, read from `data/` and checked as a whole, so that nothing half right is ever written."""

from pathlib import Path
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import replace

from schemas.common import Contact, FormField, Id, Name, Phone
from schemas.staff import Grant
from server.bundles import Bundle
from server.catalogue import Category, Hours, Pool, Provider, Service
from server.demo import crowd, rows
from server.demo.rows import Row
from server.landmarks import Landmark
from server.places import Place
from server.residents import Resident
from server.rosters import Roster
from server.staff import ROLES, Staff

DATA = Path(__file__).with_name("data")
EVERY = "*"

_FIELD_TYPES = ("text", "number", "choice", "yes_no")
_PARENTS = {"street": None, "community": "street", "compound": "community"}
_SCOPES = {row.name: row.scope for row in ROLES}


class Street(Struct, frozen=True, kw_only=True):
    """Everything that is seeded."""

    places: list[Place]
    landmarks: list[Landmark]
    categories: list[Category]
    providers: list[Provider]
    pools: list[Pool]
    services: list[Service]
    bundles: list[Bundle]
    staff: list[Staff]
    rosters: list[Roster]
    residents: list[Resident]


class Person(Struct, kw_only=True):
    """A member of the staff as a file writes them."""

    id: Id
    name: Name
    phone: Phone
    grants: list[Grant] = []
    skills: list[str] = []

    def staff(self) -> Staff:
        return Staff(id=self.id, name=self.name, phone=self.phone, grants=self.grants, skills=self.skills)


class Team(Struct, kw_only=True):
    """A pool as a file writes it: it serves as many at once as it has workers."""

    id: Id
    provider_id: str
    name: Name
    skills: list[str]
    workers: list[Person]

    def pool(self) -> Pool:
        return Pool(id=self.id, provider_id=self.provider_id, name=self.name, capacity=len(self.workers))

    def staff(self) -> list[Staff]:
        works_here = [Grant(role="worker", provider_id=self.provider_id)]
        return [replace(one, grants=works_here, skills=self.skills).staff() for one in self.workers]


Span = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$")]


class Opening(Struct, kw_only=True):
    """Hours of a week as a file writes them, such as `["08:30-12:00", "14:30-18:00"]`."""

    id: Id
    weekdays: list[Span]
    saturday: list[Span]
    sunday: list[Span]

    def weekly(self) -> list[list[Hours]]:
        week = [self.weekdays] * 5 + [self.saturday, self.sunday]
        return [[_minutes(span) for span in day] for day in week]


def _minutes(span: str) -> Hours:
    opening, closing = (int(one[:2]) * 60 + int(one[3:]) for one in span.split("-"))
    return opening, closing


class Known(Struct, frozen=True):
    """What later files may refer to."""

    categories: set[str]
    providers: list[str]
    places: dict[str, str]


def read(folder: Path = DATA) -> Street:
    """Raises BadData naming the file and the row."""
    places = _places(folder / "places.toml")
    categories = [row.to(Category) for row in rows.read(folder / "categories.toml", "category")]
    providers = [_provider(row) for row in rows.read(folder / "providers.toml", "provider")]
    known = Known(
        {one.id for one in categories}, [one.id for one in providers], {one.id: one.kind for one in places}
    )
    teams = [_team(row, known) for row in rows.read(folder / "pools.toml", "pool")]
    people = [_person(row, known) for row in rows.read(folder / "people.toml", "person")]
    staff = [*people, *(one for team in teams for one in team.staff())]
    services = _services(folder, known, {one.id: one for one in teams})
    rosters = rows.read(folder / "rosters.toml", "roster")
    if len({one.id for one in staff}) < len(staff):
        raise rows.BadData("pools.toml: an id of a worker is there twice, or in people.toml too")
    return Street(
        places=places,
        landmarks=[row.to(Landmark) for row in rows.read(folder / "landmarks.toml", "landmark")],
        categories=categories,
        providers=providers,
        pools=[one.pool() for one in teams],
        services=services,
        bundles=_bundles(folder, {one.id for one in services}, known),
        staff=staff,
        rosters=[_roster(row, {one.id for one in staff}, set(known.places)) for row in rosters],
        residents=crowd.people(folder / "residents.toml", places),
    )


def _places(path: Path) -> list[Place]:
    found = rows.read(path, "place")
    places = [row.to(Place) for row in found]
    kinds: dict[str | None, str] = {one.id: one.kind for one in places}
    for row, place in zip(found, places, strict=True):
        if kinds.get(place.parent_id) != _PARENTS[place.kind]:
            raise row.wrong(f"parent_id {place.parent_id!r} is no {_PARENTS[place.kind]}")
    return places


def _provider(row: Row) -> Provider:
    provider = row.to(Provider)
    Row(row.where, {"name": provider.name, "phone": provider.phone}).to(Contact)
    return provider


def _team(row: Row, known: Known) -> Team:
    team = row.to(Team)
    row.know("provider", team.provider_id, known.providers)
    for skill in team.skills:
        row.know("category", skill, known.categories)
    if not team.workers:
        raise row.wrong("nobody works here")
    return team


def _person(row: Row, known: Known) -> Staff:
    person = row.to(Person)
    if person.skills == [EVERY]:
        person.skills = sorted(known.categories)
    for skill in person.skills:
        row.know("category", skill, known.categories)
    person.grants = [one for grant in person.grants for one in _everywhere(grant, known)]
    for grant in person.grants:
        _check_scope(row, grant, known)
    return person.staff()


def _roster(row: Row, staff: set[str], places: set[str]) -> Roster:
    row.know("worker", row.id, staff)
    roster = row.to(Roster, version=1)
    if roster.home_id is not None:
        row.know("place", roster.home_id, places)
    return roster


def _everywhere(grant: Grant, known: Known) -> list[Grant]:
    """A grant at every provider is one at each."""
    if grant.provider_id != EVERY:
        return [grant]
    return [replace(grant, provider_id=one) for one in known.providers]


def _check_scope(row: Row, grant: Grant, known: Known) -> None:
    match _SCOPES[grant.role]:
        case "provider":
            row.know("provider", grant.provider_id, known.providers)
        case "street":
            pass
        case scope:
            place_id = grant.community_id if scope == "community" else grant.compound_id
            row.know(scope, place_id, [one for one, kind in known.places.items() if kind == scope])


def _services(folder: Path, known: Known, teams: dict[str, Team]) -> list[Service]:
    openings = {row.id: _weekly(row) for row in rows.read(folder / "hours.toml", "hours")}
    return [_service(row, known, teams, openings) for row in rows.read(folder / "services.toml", "service")]


def _bundles(folder: Path, services: set[str], known: Known) -> list[Bundle]:
    return [_bundle(row, services, known) for row in rows.read(folder / "bundles.toml", "bundle")]


def _bundle(row: Row, services: set[str], known: Known) -> Bundle:
    bundle, before = row.to(Bundle), set[str | None]({None})
    for one in bundle.parts:
        row.know("part", one.after, before)
        row.know("category", one.category, {None, *known.categories})
        for service_id in one.services:
            row.know("service", service_id, services)
        before.add(one.part)
    return bundle


def _weekly(row: Row) -> list[list[Hours]]:
    weekly = row.to(Opening).weekly()
    spans = [span for day in weekly for span in day]
    if not spans or any(opening >= closing for opening, closing in spans):
        raise row.wrong("hours must open before they close, on one day at least")
    return weekly


def _service(
    row: Row, known: Known, teams: dict[str, Team], openings: dict[str, list[list[Hours]]]
) -> Service:
    row.know("hours", row.values.get("hours"), openings)
    service = row.to(Service, hours=None, weekly=openings[row.values["hours"]])
    row.know("provider", service.provider_id, known.providers)
    row.know("category", service.category, known.categories)
    row.know("pool", service.pool_id, teams)
    team = teams[service.pool_id]
    if team.provider_id != service.provider_id:
        raise row.wrong(f"pool {team.id!r} is not of provider {service.provider_id!r}")
    if service.category not in team.skills:
        raise row.wrong(f"nobody in pool {team.id!r} serves {service.category!r}")
    for field in service.fields:
        _check_field(row, field)
    return service


def _check_field(row: Row, field: FormField) -> None:
    row.know("type", field.type, _FIELD_TYPES)
    choices = [sorted(one) for one in field.options]
    if choices != [["text", "value"]] * len(choices) or bool(choices) != (field.type == "choice"):
        raise row.wrong(f"the options of field {field.name!r} are not those of a {field.type}")
