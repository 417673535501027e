"""What changes people: check, execute, log."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth import authenticate, login, logout
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from backend.accounts import throttle
from backend.accounts.models import Membership, Person, Role, Site
from backend.accounts.selectors import sites_with_role
from backend.audit.services import record
from backend.core.errors import Conflict, Invalid, WrongRole


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as far as the connection itself tells."""
    return str(request.META.get("REMOTE_ADDR", ""))


def log_in(*, request: HttpRequest, username: str, password: str) -> Person:
    """Start a session.

    Raises:
        Throttled: too many wrong passwords.
        Invalid: ``wrong_credentials``; whether the name exists is not told.
    """
    username = username.strip().lower()
    address = address_of(request)
    throttle.check(username, address)
    person = authenticate(request, username=username, password=password)
    if not isinstance(person, Person):
        throttle.count_failure(username, address)
        # What was typed may be a password in the wrong field, so only known names are written down.
        known = Person.objects.filter(username=username).first()
        record(person=known, action="person.login_failed", text="Log in failed", data={"address": address})
        raise Invalid(
            "wrong_credentials", "User name or password is wrong.", remedy="Check both and try again."
        )
    throttle.forget(username, address)
    login(request, person)
    record(person=person, action="person.logged_in", text="Logged in", data={"address": address})
    return person


def log_out(*, request: HttpRequest) -> None:
    """End the session, if there is one."""
    if isinstance(request.user, Person):
        record(person=request.user, action="person.logged_out", text="Logged out")
    logout(request)


def confirm_password(*, person: Person, password: str, address: str) -> None:
    """Ask for the password again before a signature.

    Raises:
        Throttled: too many wrong passwords.
        Invalid: ``wrong_password``.
    """
    throttle.check(person.username, address)
    if not person.check_password(password):
        throttle.count_failure(person.username, address)
        record(person=person, action="person.signature_refused", text="Wrong password at a signature")
        raise Invalid("wrong_password", "That is not your password.", remedy="Type your own password again.")
    throttle.forget(person.username, address)


def _checked_password(password: str, person: Person) -> str:
    try:
        validate_password(password, person)
    except ValidationError as error:
        raise Invalid(
            "weak_password",
            " ".join(error.messages),
            remedy="Choose a longer or less common password.",
            fields={"password": error.messages},
        ) from error
    return password


def open_site(*, name: str, username: str, person_name: str, password: str) -> Person:
    """Make a site with its first administrator, for whoever runs the installation.

    Raises:
        ValidationError: name, user name or site cannot be used, or are taken.
        Invalid: ``weak_password``.
    """
    site = Site(name=name)
    person = Person(username=username, name=person_name)
    person.set_password(_checked_password(password, person))
    site.full_clean()
    person.full_clean()
    with transaction.atomic():
        site.save()
        person.save()
        _set_roles(person, [site], [Role.ADMINISTRATOR])
        record(
            person=None,
            action="site.opened",
            text=f"{name} opened, administered by {person.name}",
            site=site,
            data={"administrator": str(person.id)},
        )
    return person


def _administered_site(administrator: Person) -> Site:
    sites = sites_with_role(administrator, Role.ADMINISTRATOR)
    if not sites:
        raise WrongRole("wrong_role", "Only an administrator may do this.", remedy="Ask one of your site.")
    return sites[0]


def create_person(
    *, administrator: Person, username: str, name: str, password: str, roles: Collection[Role]
) -> Person:
    """Add a person with roles at the administrator's site.

    Raises:
        Invalid: ``username_taken``, ``weak_password`` or ``rater_alone``.
        WrongRole: the one who asks administers no site.
    """
    site = _administered_site(administrator)
    person = Person(username=username, name=name)
    person.set_password(_checked_password(password, person))
    try:
        with transaction.atomic():
            person.save()
            _set_roles(person, [site], roles)
            record(
                person=administrator,
                action="person.created",
                text=f"{person.name} added",
                site=site,
                data={"person": str(person.id), "roles": sorted(roles)},
            )
    except IntegrityError as error:
        raise Invalid(
            "username_taken",
            f"The user name {username} is taken.",
            remedy="Choose another one.",
            fields={"username": ["This user name is taken."]},
        ) from error
    return person


def change_person(
    *,
    administrator: Person,
    person: Person,
    name: str | None = None,
    password: str | None = None,
    roles: Collection[Role] | None = None,
    is_active: bool | None = None,
) -> Person:
    """Change a person of the administrator's site; roles are those at the administrator's sites.

    Raises:
        Conflict: ``no_roles``: a person without any would be lost to everybody; ``own_account``: nobody
            locks themselves out; ``shared_person``: name, password and activity of a person who also works
            at a site of others are not this administrator's to change.
        Invalid: ``weak_password`` or ``rater_alone``.
    """
    sites = sites_with_role(administrator, Role.ADMINISTRATOR)
    if person == administrator and (
        is_active is False or (roles is not None and Role.ADMINISTRATOR not in roles)
    ):
        raise Conflict(
            "own_account",
            "You cannot deactivate yourself or take away your own administrator role.",
            remedy="Ask another administrator.",
        )
    elsewhere = person.memberships.exclude(site__in=sites).exists()
    if elsewhere and (name is not None or password is not None or is_active is not None):
        raise Conflict(
            "shared_person",
            f"{person.name} also works at another site, so only the roles at your site are yours to change.",
            remedy="Take away their roles at your site instead.",
        )
    if roles is not None and not roles and not elsewhere:
        raise Conflict(
            "no_roles", f"{person.name} would have no role anywhere.", remedy="Deactivate the person instead."
        )
    changed: dict[str, object] = {}
    with transaction.atomic():
        if name is not None and name != person.name:
            changed["name"] = [person.name, name]
            person.name = name
        if is_active is not None and is_active != person.is_active:
            changed["is_active"] = [person.is_active, is_active]
            person.is_active = is_active
        if password is not None:
            person.set_password(_checked_password(password, person))
            changed["password"] = "changed"
        person.save()
        if roles is not None:
            before = sorted(set(person.memberships.filter(site__in=sites).values_list("role", flat=True)))
            if before != sorted(set(roles)):
                _set_roles(person, sites, roles)
                changed["roles"] = [before, sorted(set(roles))]
        if changed:
            record(
                person=administrator,
                action="person.changed",
                text=f"{person.name} changed: {', '.join(sorted(changed))}",
                site=sites[0],
                data={"person": str(person.id), "changed": changed},
            )
    return person


def _set_roles(person: Person, sites: list[Site], roles: Collection[Role]) -> None:
    """Exactly these roles at exactly these sites that the person already belongs to, or else the first.

    Raises:
        Invalid: ``rater_alone``: a rater with another role could look up what a study hides.
    """
    if Role.RATER in roles and set(roles) != {Role.RATER}:
        raise Invalid(
            "rater_alone",
            "A rater has no other role at the same site.",
            remedy="Take away the other roles, or that of the rater.",
            fields={"roles": ["Rater goes with no other role."]},
        )
    present = [site for site in sites if person.memberships.filter(site=site).exists()] or sites[:1]
    person.memberships.filter(site__in=sites).delete()
    Membership.objects.bulk_create(
        Membership(person=person, site=site, role=role) for site in present for role in sorted(set(roles))
    )
