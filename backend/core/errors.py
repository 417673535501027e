"""Every refusal in one shape: what happened, what was kept, what to do next."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions, serializers
from rest_framework.views import set_rollback

logger = logging.getLogger(__name__)

NOTHING_CHANGED = "Nothing was changed."


class ErrorBodySerializer(serializers.Serializer):
    """What happened, what was kept and what to do next."""

    code = serializers.CharField()
    message = serializers.CharField()
    kept = serializers.CharField()
    remedy = serializers.CharField()
    fields = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), allow_null=True
    )  # type: ignore[assignment]


class ErrorSerializer(serializers.Serializer):
    """The body of every answer with a status of 400 or more."""

    error = ErrorBodySerializer()


def error_body(
    code: str, message: str, *, remedy: str = "", kept: str = NOTHING_CHANGED, fields: Any = None
) -> dict[str, Any]:
    """The inner object of an error answer; also what a failed job keeps."""
    return {"code": code, "message": message, "kept": kept, "remedy": remedy, "fields": fields}


class Refusal(Exception):
    """A service will not do what was asked.

    Attributes:
        code: stable machine-readable word.
        body: the error object that the client receives.
    """

    status = 400

    def __init__(
        self, code: str, message: str, *, remedy: str = "", kept: str = NOTHING_CHANGED, fields: Any = None
    ) -> None:
        super().__init__(message)
        self.code = code
        self.body = error_body(code, message, remedy=remedy, kept=kept, fields=fields)


class Invalid(Refusal):
    """What was sent cannot be used (400)."""


class WrongRole(Refusal):
    """The person is known, but may not do this (403)."""

    status = 403


class Conflict(Refusal):
    """The state of things does not allow it now (409)."""

    status = 409


class TooLarge(Refusal):
    """More bytes than are taken (413)."""

    status = 413


class Throttled(Refusal):
    """Too many tries (429)."""

    status = 429


def exception_handler(error: Exception, context: dict[str, Any]) -> JsonResponse | None:
    """DRF's hook: every exception of a view becomes the one error shape, whatever type the view speaks."""
    set_rollback()
    if isinstance(error, Refusal):
        return JsonResponse({"error": error.body}, status=error.status)
    if isinstance(error, exceptions.ValidationError):
        return JsonResponse({"error": _validation_body(error)}, status=400)
    if isinstance(error, Http404 | exceptions.NotFound):
        return json_error(
            404, "not_found", "There is no such thing, or it is not yours.", "Go back to the worklist."
        )
    if isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return json_error(401, "not_logged_in", "You are not logged in.", "Log in and try again.")
    if isinstance(error, exceptions.PermissionDenied | PermissionDenied):
        if "CSRF" in str(error):
            return json_error(403, "csrf", "This page is out of date.", "Reload the page and try again.")
        return json_error(
            403, "wrong_role", "Your role does not allow this.", "Ask an administrator of your site."
        )
    if isinstance(error, exceptions.APIException):
        return json_error(error.status_code, str(error.default_code), str(error.detail), "")
    return None


def _validation_body(error: exceptions.ValidationError) -> dict[str, Any]:
    detail = error.detail
    fields = {
        name: [str(text) for text in (texts if isinstance(texts, list) else [texts])]
        for name, texts in (detail.items() if isinstance(detail, dict) else [("body", detail)])
    }
    name, texts = next(iter(fields.items()))
    return error_body(
        "invalid",
        f"{name}: {texts[0]}" if texts else name,
        remedy="Correct the marked fields.",
        fields=fields,
    )


def json_error(status: int, code: str, message: str, remedy: str = "") -> JsonResponse:
    """The same shape for answers that are given outside DRF."""
    return JsonResponse({"error": error_body(code, message, remedy=remedy)}, status=status)


def csrf_failure(request: HttpRequest, reason: str = "") -> JsonResponse:
    """Django's hook for a missing or wrong token."""
    return json_error(403, "csrf", "This page is out of date.", "Reload the page and try again.")


def unknown_address(request: HttpRequest, *args: Any, **kwargs: Any) -> JsonResponse:
    """Nothing is at this address of the API."""
    return json_error(404, "not_found", "There is nothing at this address.", "Go back to the worklist.")


def server_error(request: HttpRequest) -> JsonResponse:
    """Django's hook for what nobody caught; the log has the trace."""
    return json_error(
        500,
        "internal",
        "Something went wrong on our side.",
        "Try again; if it comes back, tell your administrator.",
    )
