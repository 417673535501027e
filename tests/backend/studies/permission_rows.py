"""The permission matrix of studies as data: every address and method, for every kind of person.

A row: name, method, address, body, where the study stands, then the status for each of ``WHO``.
"""

from __future__ import annotations

from typing import Any

from tests.backend import factories

# "other" rates in the same study; "foreign" has every role, at another site.
WHO = ("anonymous", "surgeon", "engineer", "coordinator", "administrator", "rater", "other", "foreign")

Row = tuple[str, str, str, Any, str, tuple[int, ...]]

PASSWORD = {"password": factories.PASSWORD}
# Another name than that of whoever signs.
SIGN = PASSWORD | {"name": "x", "meaning": "reviewed"}
REASON = {"reason": "wrong knee"}
EXTRA = {
    "key": "use",
    "title": "Use",
    "text": "Would you use it?",
    "points": [{"value": value, "label": "x", "description": "x"} for value in (1, 2)],
}
ANSWER = {"question": "shape", "value": 2, "client_token": "00000000-0000-4000-8000-000000000001"}
PAUSE = {"kind": "paused", "client_token": "00000000-0000-4000-8000-000000000002"}
REPLAY = {
    "sent_at": "2026-01-01T00:00:00Z",
    "acts": [{**PAUSE, "kind": "open", "item": "{token}", "at": "2026-01-01T00:00:00Z"}],
}


def _may(coordinator: int, administrator: int = 403) -> tuple[int, ...]:
    """Those who run studies; to all others of the site and elsewhere there is no such study."""
    return (401, 404, 404, coordinator, administrator, 404, 404, 404)


_READ = _may(200, 200)
# Their own item: not even those who run the study, nor those who rate beside them.
_OWN = (401, 404, 404, 404, 404, 200, 404, 404)

STUDY = "/api/studies/{study}/"
CASE = STUDY + "cases/{study_case}/"
RATER = STUDY + "raters/{rater}/"
ITEM = RATER + "items/{code}/"
OWN = "/api/rating/items/{token}/"

ROWS: list[Row] = [
    (
        "study-options",
        "get",
        "/api/study-options/?kind=model_rating",
        None,
        "draft",
        (401, 403, 403, 200, 403, 403, 403, 200),
    ),
    ("studies", "get", "/api/studies/", None, "draft", (401, 403, 403, 200, 200, 403, 403, 200)),
    ("studies", "post", "/api/studies/", {}, "draft", (401, 403, 403, 400, 403, 403, 403, 400)),
    ("study", "get", STUDY, None, "running", _READ),
    ("study", "patch", STUDY, {"distance": 2}, "draft", _may(200)),
    ("study-readiness", "get", STUDY + "readiness/", None, "draft", _READ),
    ("study-questions", "post", STUDY + "questions/", EXTRA, "draft", _may(201)),
    ("study-question", "patch", STUDY + "questions/shape/", {"margin": 1}, "draft", _may(200)),
    ("study-question", "delete", STUDY + "questions/shape/", None, "draft", _may(204, 404)),
    ("study-cases", "post", STUDY + "cases/", {"cases": ["{versions}"]}, "draft", _may(200)),
    ("study-case", "delete", CASE, None, "draft", _may(204, 404)),
    ("study-case-withdraw", "post", CASE + "withdraw/", REASON, "running", _may(200)),
    ("study-raters", "post", STUDY + "raters/", {"raters": ["{free_rater}"]}, "draft", _may(200)),
    ("study-rater", "delete", RATER, None, "draft", _may(204, 404)),
    ("study-rater-withdraw", "post", RATER + "withdraw/", REASON, "running", _may(200)),
    ("study-reminders", "post", RATER + "reminders/", {}, "running", _may(201)),
    ("study-rater-items", "get", RATER + "items/", None, "running", _READ),
    ("study-item-withdraw", "post", ITEM + "withdraw/", REASON, "running", _may(200)),
    ("study-item-unblind", "post", ITEM + "unblind/", REASON | PASSWORD, "running", _may(200, 200)),
    ("study-ready", "post", STUDY + "ready/", {}, "draft", _may(200)),
    ("study-reopen", "post", STUDY + "reopen/", {}, "ready", _may(200)),
    ("study-blind", "post", STUDY + "blind/", {}, "ready", _may(200)),
    ("study-start", "post", STUDY + "start/", {}, "ready", _may(200)),
    ("study-progress", "get", STUDY + "progress/", None, "running", _READ),
    ("study-deviations", "get", STUDY + "deviations/", None, "running", _READ),
    ("study-deviations", "post", STUDY + "deviations/", {"text": "late"}, "running", _may(201)),
    ("study-lock", "post", STUDY + "lock/", PASSWORD | {"name": "x"}, "running", _may(400)),
    ("study-signatures", "post", STUDY + "signatures/", SIGN, "locked", _may(400, 400)),
    ("study-unblindings", "post", STUDY + "unblindings/", REASON | PASSWORD, "locked", _may(201, 409)),
    (
        "study-unblinding-approve",
        "post",
        STUDY + "unblindings/{unblinding}/approve/",
        PASSWORD,
        "requested",
        _may(403, 200),
    ),
    ("study-print-package", "get", STUDY + "print-package/", None, "running", _may(400)),
    ("study-report", "get", STUDY + "report/", None, "unblinded", _READ),
    ("study-report-html", "get", STUDY + "report/report.html", None, "unblinded", _READ),
    ("study-report-pdf", "get", STUDY + "report/report.pdf", None, "unblinded", _READ),
    ("study-ratings-csv", "get", STUDY + "report/ratings.csv", None, "unblinded", _READ),
    ("study-allocation", "get", STUDY + "report/allocation.zip", None, "unblinded", _READ),
    ("study-codebook-csv", "get", STUDY + "report/codebook.csv", None, "locked", _READ),
    ("rating-studies", "get", "/api/rating/studies/", None, "running", (401, *(403,) * 4, *(200,) * 3)),
    (
        "rating-study",
        "get",
        "/api/rating/studies/{study}/",
        None,
        "running",
        (401, 404, 404, 404, 404, 200, 200, 404),
    ),
    # Acts on items of others are refused one by one, see the test of the replay.
    ("rating-replay", "post", "/api/rating/replay/", REPLAY, "running", (401, *(403,) * 4, *(200,) * 3)),
    ("rating-item", "get", OWN, None, "running", _OWN),
    ("rating-item-open", "post", OWN + "open/", {}, "running", _OWN),
    ("rating-item-bones", "get", OWN + "bones/", None, "running", _OWN),
    ("rating-item-xray", "get", OWN + "xrays/ap/", None, "running", _OWN),
    ("rating-item-ratings", "post", OWN + "ratings/", ANSWER, "running", _OWN),
    ("rating-item-times", "post", OWN + "times/", PAUSE, "running", _OWN),
]
