"""Session and people over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from backend.accounts import selectors, services
from backend.accounts.models import Person, Role
from backend.accounts.serializers import (
    LoginSerializer,
    PersonChangeSerializer,
    PersonCreateSerializer,
    PersonSerializer,
    SessionSerializer,
)
from backend.accounts.sessions import SessionAuthentication
from backend.core.api import validated


def session_of(request: HttpRequest) -> dict[str, Any]:
    """Who is logged in, and the token that changes need."""
    person = request.user if isinstance(request.user, Person) else None
    return {
        "person": selectors.person_as_dict(person) if person else None,
        "csrf_token": get_token(request),
    }


class SessionView(APIView):
    permission_classes = (AllowAny,)

    @extend_schema(operation_id="session_get", responses=SessionSerializer)
    def get(self, request: Request) -> Response:
        return Response(SessionSerializer(session_of(request._request)).data)

    @extend_schema(operation_id="session_log_in", request=LoginSerializer, responses=SessionSerializer)
    def post(self, request: Request) -> Response:
        # DRF asks logged-in people only for the token, but a forged log in is an attack as well.
        SessionAuthentication().enforce_csrf(request)
        services.log_in(request=request._request, **validated(LoginSerializer, request))
        return Response(SessionSerializer(session_of(request._request)).data)

    @extend_schema(operation_id="session_log_out", responses={204: None})
    def delete(self, request: Request) -> Response:
        services.log_out(request=request._request)
        return Response(status=204)


class PeopleView(APIView):
    @extend_schema(operation_id="people_list", responses=PersonSerializer(many=True))
    def get(self, request: Request) -> Response:
        selectors.require_role_somewhere(request.user, Role.ADMINISTRATOR)
        return Response(PersonSerializer(selectors.people_visible_to(request.user), many=True).data)

    @extend_schema(
        operation_id="people_create", request=PersonCreateSerializer, responses={201: PersonSerializer}
    )
    def post(self, request: Request) -> Response:
        selectors.require_role_somewhere(request.user, Role.ADMINISTRATOR)
        person = services.create_person(
            administrator=request.user, **validated(PersonCreateSerializer, request)
        )
        return Response(PersonSerializer(selectors.person_as_dict(person)).data, status=201)


class PersonView(APIView):
    @extend_schema(operation_id="people_change", request=PersonChangeSerializer, responses=PersonSerializer)
    def patch(self, request: Request, id: UUID) -> Response:
        selectors.require_role_somewhere(request.user, Role.ADMINISTRATOR)
        person = get_object_or_404(Person.objects.visible_to(request.user), pk=id)
        services.change_person(
            administrator=request.user, person=person, **validated(PersonChangeSerializer, request)
        )
        mine = next((p for p in selectors.people_visible_to(request.user) if p["id"] == person.id), None)
        return Response(PersonSerializer(mine or selectors.person_as_dict(person)).data)
