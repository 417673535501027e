"""People, sites, and the roles that people have at sites."""

from __future__ import annotations

import uuid

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models

USERNAME = RegexValidator(r"^[a-z0-9][a-z0-9._-]{2,39}$", "3 to 40 of a-z, 0-9, dot, dash, underscore")


class Role(models.TextChoices):
    """What a person does at a site. A rater does nothing else there: who could look cases up is not blind."""

    SURGEON = "surgeon"
    ENGINEER = "engineer"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"
    RATER = "rater"


# Coordinators stay blind to cases and administrators need none of them.
CLINICAL_ROLES = (Role.SURGEON, Role.ENGINEER)


class Site(models.Model):
    """A hospital or laboratory: the border that patient data do not cross."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120, unique=True)

    def __str__(self) -> str:
        return self.name


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, person: Person) -> PersonQuerySet:
        """The people of the sites that this person administers."""
        administered = Membership.objects.filter(person=person, role=Role.ADMINISTRATOR).values("site")
        return self.filter(memberships__site__in=administered).distinct()


class PersonManager(BaseUserManager["Person"]):
    def get_queryset(self) -> PersonQuerySet:
        return PersonQuerySet(self.model, using=self._db)

    def visible_to(self, person: Person) -> PersonQuerySet:
        return self.get_queryset().visible_to(person)

    def get_by_natural_key(self, username: str | None) -> Person:
        return self.get(username=(username or "").lower())


class Person(AbstractBaseUser):
    """Somebody who logs in."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    username = models.CharField(max_length=40, unique=True, validators=[USERNAME])
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS = ["name"]  # noqa: RUF012
    objects = PersonManager()

    class Meta:
        ordering = ("name", "username")

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """One role of one person at one site."""

    person = models.ForeignKey(Person, models.CASCADE, related_name="memberships")
    site = models.ForeignKey(Site, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("person", "site", "role"), name="one_membership_a_role"),
        )

    def __str__(self) -> str:
        return f"{self.person} is {self.role} at {self.site}"
