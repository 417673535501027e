"""Jobs: legal moves only, events without gaps, nothing lost whoever is killed."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.accounts.models import Role
from backend.audit.models import Event
from backend.core.errors import Conflict
from backend.jobs import dispatch, handlers, runner, services, transitions, worker
from backend.jobs.handlers import Work
from backend.jobs.models import ACTIVE, TRANSITIONS, EventKind, IllegalTransition, Job, JobEvent, State
from tests.backend import factories
from tests.backend.test_child import wait_for

pytestmark = pytest.mark.django_db


class StandIn:
    """Runs a function of the tests where an engine would be."""

    queue, kept = "recon", "All was kept."

    def __init__(self, function: str, time_limit_s: float = 30.0, **arguments: Any) -> None:
        self.function, self.time_limit_s, self.arguments = function, time_limit_s, arguments
        self.stored: list[Any] = []

    def prepare(self, job: Job, folder: Path) -> Work:
        return Work(f"tests.backend.work:{self.function}", self.arguments)

    def collect(self, job: Job, folder: Path, result: Any) -> Callable[[], str]:
        def store() -> str:
            self.stored.append(result)
            return "Stored"

        return store


MakeStandIn = Callable[..., StandIn]


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> MakeStandIn:
    def register(function: str, **arguments: Any) -> StandIn:
        handler = StandIn(function, **arguments)
        monkeypatch.setitem(handlers._handlers, "reconstruct", handler)
        return handler

    return register


def events(job: Job) -> list[JobEvent]:
    return list(JobEvent.objects.filter(job=job))


def kinds(job: Job) -> list[str]:
    return [event.kind for event in events(job) if event.kind != EventKind.PROGRESS]


@pytest.mark.parametrize("before", State.values)
@pytest.mark.parametrize("after", State.values)
def test_only_legal_moves_are_made(before: str, after: str) -> None:
    job = factories.JobFactory(state=before)
    if after in TRANSITIONS[before]:
        assert Job.objects.filter(pk=job.pk).move(before, after)
        assert Job.objects.get(pk=job.pk).state == after
    else:
        with pytest.raises(IllegalTransition):
            Job.objects.filter(pk=job.pk).move(before, after)
        assert Job.objects.get(pk=job.pk).state == before


def test_there_is_no_way_round_the_table() -> None:
    job = factories.JobFactory()
    with pytest.raises(IllegalTransition):
        Job.objects.filter(pk=job.pk).update(state=State.SUCCEEDED)
    job.state = State.SUCCEEDED
    with pytest.raises(IllegalTransition):
        job.save()


ACTS = (
    "claim",
    "progress",
    "succeed",
    "fail",
    "cancel",
    "release",
    "stale_progress",
    "stale_finish",
    "recover",
)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.sampled_from(ACTS), min_size=1, max_size=10))
def test_whatever_happens_events_have_no_gaps_and_ended_jobs_stay_ended(acts: list[str]) -> None:
    job = factories.JobFactory()
    lease = stranger = uuid.uuid4()
    ended = None
    for act in acts:
        try:
            if act == "claim":
                claimed = transitions.claim(job.pk, "test")
                lease = claimed.lease if claimed and claimed.lease else lease
            elif act == "progress":
                transitions.progress(job.pk, lease, stage="s", fraction=0.5, remaining_s=1.0)
            elif act == "succeed":
                transitions.finish(job.pk, lease, State.SUCCEEDED)
            elif act == "fail":
                transitions.finish(job.pk, lease, State.FAILED, error={"message": "m"})
            elif act == "cancel":
                transitions.request_cancel(job.pk)
            elif act == "release":
                transitions.release(job.pk, lease, message="m")
            elif act == "recover":
                Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(days=1))
                transitions.recover()
            elif act == "stale_progress":
                transitions.progress(job.pk, stranger, stage="s", fraction=0.9, remaining_s=None)
                raise AssertionError("a stranger wrote progress")
            else:
                transitions.finish(job.pk, stranger, State.SUCCEEDED)
                raise AssertionError("a stranger ended the job")
        except transitions.LeaseLost:
            pass
        now = Job.objects.get(pk=job.pk)
        assert ended in (None, now.state)
        ended = None if now.state in ACTIVE else now.state
        assert (now.lease is not None) == (now.state == State.RUNNING)
        assert (now.finished_at is not None) == (now.state not in ACTIVE)
        assert [event.sequence for event in events(job)] == list(range(1, now.last_sequence + 1))


def test_a_job_runs_and_its_results_are_stored_once(
    stand_in: MakeStandIn, tmp_path: Path, settings: Any
) -> None:
    handler = stand_in("write", path=tmp_path / "out", text="bone")
    job = factories.JobFactory()
    assert runner.run(job.pk, worker="test")
    assert not runner.run(job.pk, worker="another")
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.fraction, job.error) == (State.SUCCEEDED, 1.0, None)
    assert handler.stored == [str(tmp_path / "out")]
    assert kinds(job) == ["queued", "started", "succeeded"]
    assert [e.stage for e in events(job) if e.kind == "progress"] == ["writing", "done"]
    assert list(settings.WORKSPACES.iterdir()) == []


def test_an_engine_that_refuses_says_what_would_mend_it(stand_in: MakeStandIn) -> None:
    stand_in("refuse")
    job = factories.JobFactory()
    runner.run(job.pk, worker="test")
    job = Job.objects.get(pk=job.pk)
    assert job.state == State.FAILED
    assert job.error == {
        "code": "no_knee",
        "message": "There is no knee on the image.",
        "kept": "All was kept.",
        "remedy": "Take another image.",
        "fields": None,
    }


@pytest.mark.parametrize(
    ("function", "limit", "code"), [("die", 30.0, "engine_failed"), ("linger", 1.5, "time_limit")]
)
def test_a_job_that_goes_wrong_fails_with_words(
    stand_in: MakeStandIn, function: str, limit: float, code: str
) -> None:
    stand_in(function, time_limit_s=limit)
    job = factories.JobFactory()
    runner.run(job.pk, worker="test")
    job = Job.objects.get(pk=job.pk)
    assert job.state == State.FAILED
    assert job.error and job.error["code"] == code and job.error["remedy"]


def test_a_running_job_can_be_cancelled(stand_in: MakeStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    handler = stand_in("linger")
    job = factories.JobFactory()
    progress = transitions.progress

    def cancel_when_seen(*args: Any, **kwargs: Any) -> None:
        progress(*args, **kwargs)
        transitions.request_cancel(job.pk)

    monkeypatch.setattr(transitions, "progress", cancel_when_seen)
    runner.run(job.pk, worker="test")
    job = Job.objects.get(pk=job.pk)
    assert job.state == State.CANCELLED
    assert kinds(job) == ["queued", "started", "cancel_requested", "cancelled"]
    assert handler.stored == []


def test_a_worker_that_stops_gives_its_job_back(stand_in: MakeStandIn) -> None:
    stand_in("linger")
    job = factories.JobFactory()
    runner.run(job.pk, worker="test", stopping=lambda: JobEvent.objects.filter(kind="progress").exists())
    job = Job.objects.get(pk=job.pk)
    assert job.state == State.QUEUED
    assert kinds(job) == ["queued", "started", "restarted"]


def test_a_worker_that_lost_its_lease_stores_nothing(
    stand_in: MakeStandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    handler = stand_in("write", path=tmp_path / "out", text="bone")
    job = factories.JobFactory()
    collect = handler.collect

    def collect_too_late(claimed: Job, folder: Path, result: Any) -> Callable[[], str]:
        assert claimed.lease
        transitions.release(claimed.pk, claimed.lease, message="thought dead")
        transitions.claim(claimed.pk, "another")
        return collect(claimed, folder, result)

    monkeypatch.setattr(handler, "collect", collect_too_late)
    runner.run(job.pk, worker="test")
    job = Job.objects.get(pk=job.pk)
    assert (job.state, job.worker) == (State.RUNNING, "another")
    assert handler.stored == []


def test_jobs_of_silent_workers_start_again_and_fail_in_the_end(settings: Any) -> None:
    job = factories.JobFactory()
    for _ in range(settings.JOB_ATTEMPTS):
        assert transitions.claim(job.pk, "elsewhere/1/a")
        assert transitions.recover() == []  # it was heard a moment ago
        Job.objects.filter(pk=job.pk).update(heartbeat_at=timezone.now() - timedelta(minutes=5))
        assert transitions.recover() == [job.pk]
    job = Job.objects.get(pk=job.pk)
    assert job.state == State.FAILED
    assert job.error and job.error["code"] == "worker_died"


def test_a_process_of_this_machine_that_is_gone_is_not_waited_for() -> None:
    gone = factories.JobFactory()
    transitions.claim(gone.pk, f"{socket.gethostname()}/4194303/a")
    mine = factories.JobFactory()
    me = transitions.worker_name()
    transitions.claim(mine.pk, me)
    assert transitions.recover(here=me) == [gone.pk]


def test_a_case_has_one_active_job() -> None:
    case = factories.CaseFactory()
    person = factories.person_with(case.site, Role.ENGINEER)
    services.request_job(person=person, case=case, kind="reconstruct", input={})
    with pytest.raises(Conflict) as caught:
        services.request_job(person=person, case=case, kind="reconstruct", input={})
    assert caught.value.code == "job_active"
    assert Job.objects.filter(case=case).count() == 1


def test_cancel_and_retry_over_http(log_in: Any) -> None:
    job = factories.JobFactory(input={"images": {}})
    client = log_in(job.requested_by)
    assert client.post(f"/api/jobs/{job.pk}/cancel/").json()["state"] == "cancelled"
    assert client.post(f"/api/jobs/{job.pk}/cancel/").status_code == 409
    answer = client.post(f"/api/jobs/{job.pk}/retry/")
    assert answer.status_code == 202
    again = Job.objects.get(pk=answer.json()["id"])
    assert (again.state, again.retry_of_id, again.input) == ("queued", job.pk, job.input)
    assert client.post(f"/api/jobs/{again.pk}/retry/").json()["error"]["code"] == "not_retryable"
    actions = [event.action for event in Event.objects.filter(case_id=job.case_id)]
    assert actions == ["job.reconstruct.cancelled", "job.reconstruct.requested"]


def test_events_are_replayed_by_number(log_in: Any) -> None:
    job = factories.ended_job()
    client = log_in(job.requested_by)
    numbers = [e["sequence"] for e in client.get(f"/api/jobs/{job.pk}/events/").json()["results"]]
    assert numbers == [1, 2, 3]
    after = client.get(f"/api/jobs/{job.pk}/events/?after=2").json()["results"]
    assert [(e["sequence"], e["kind"]) for e in after] == [(3, "succeeded")]
    assert client.get(f"/api/jobs/{job.pk}/events/?after=x").status_code == 400


@pytest.mark.django_db(transaction=True)
def test_the_embedded_worker_takes_what_waits(stand_in: MakeStandIn, tmp_path: Path, settings: Any) -> None:
    settings.WORKER = "embedded"
    stand_in("write", path=tmp_path / "out", text="bone")
    case = factories.CaseFactory()
    person = case.surgeon
    lost = factories.JobFactory()  # in the table, but nobody was told
    embedded = worker.EmbeddedWorker()
    embedded.start()
    try:
        job = services.request_job(person=person, case=case, kind="reconstruct", input={})
        wait_for(lambda: not Job.objects.active().exists(), 60)
    finally:
        embedded.stop()
    assert {j.state for j in Job.objects.filter(pk__in=[job.pk, lost.pk])} == {"succeeded"}


def test_what_celery_lost_is_sent_again(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[uuid.UUID] = []
    monkeypatch.setattr(dispatch, "send", lambda job_id, kind: sent.append(job_id))
    job = factories.JobFactory()
    dispatch.sweep()
    assert sent == []  # it has only just been sent
    Job.objects.filter(pk=job.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    dispatch.sweep()
    assert sent == [job.pk]
