"""Who may do what, and where."""

from __future__ import annotations

from backend.accounts.models import Membership, Person, Role, Site
from backend.core.errors import WrongRole

_ORDER = {role: place for place, role in enumerate(Role)}


def roles_of(person: Person) -> list[Role]:
    """All roles of a person at any site, in a fixed order."""
    values = Membership.objects.filter(person=person).values_list("role", flat=True).distinct()
    return sorted((Role(value) for value in values), key=_ORDER.__getitem__)


def roles_at(person: Person, site: Site) -> set[Role]:
    """The roles of a person at one site."""
    values = Membership.objects.filter(person=person, site=site).values_list("role", flat=True)
    return {Role(value) for value in values}


def sites_with_role(person: Person, *roles: Role) -> list[Site]:
    """The sites where the person has one of these roles, by name."""
    return list(
        Site.objects.filter(memberships__person=person, memberships__role__in=roles)
        .distinct()
        .order_by("name")
    )


def require_role(person: Person, site: Site, *roles: Role) -> None:
    """Refuse whoever has none of these roles at the site.

    Raises:
        WrongRole: names the roles that may.
    """
    if not roles_at(person, site).intersection(roles):
        raise _wrong_role(roles)


def require_role_somewhere(person: Person, *roles: Role) -> None:
    """Refuse whoever has none of these roles at any site.

    Raises:
        WrongRole: names the roles that may.
    """
    if not set(roles_of(person)).intersection(roles):
        raise _wrong_role(roles)


def _wrong_role(roles: tuple[Role, ...]) -> WrongRole:
    wanted = " or ".join(role.label.lower() for role in roles)
    return WrongRole(
        "wrong_role",
        f"Only a {wanted} may do this.",
        remedy="Ask an administrator of your site for the role.",
    )


def person_as_dict(person: Person) -> dict[str, object]:
    """A person with their roles, as the API shows them."""
    return {
        "id": person.id,
        "username": person.username,
        "name": person.name,
        "roles": roles_of(person),
        "is_active": person.is_active,
    }


def people_visible_to(administrator: Person) -> list[dict[str, object]]:
    """The people of the sites that this person administers, with the roles they have there."""
    sites = {site.pk for site in sites_with_role(administrator, Role.ADMINISTRATOR)}
    people = Person.objects.visible_to(administrator).prefetch_related("memberships")
    return [
        {
            "id": person.id,
            "username": person.username,
            "name": person.name,
            "roles": sorted(
                {Role(m.role) for m in person.memberships.all() if m.site_id in sites},
                key=_ORDER.__getitem__,
            ),
            "is_active": person.is_active,
        }
        for person in people
    ]
