"""A design whose engine does not come back: it is stopped, leaves nothing, and the next one is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.accounts.models import Role
from backend.exports.models import Guide
from backend.exports.services import request_design
from backend.jobs import runner
from backend.jobs.models import Job
from tests.backend import factories, planned

pytestmark = pytest.mark.django_db


def test_a_design_that_hangs_is_killed_and_the_worker_goes_on(
    tmp_path: Path, settings: Any, log_in: Any
) -> None:
    """No mesh hangs on command; what takes longer than its limit cannot be told from what never ends."""
    plan = planned.approved(planned.saved(planned.bone_set_of(planned.leg_meshes(tmp_path))))
    engineer = factories.person_with(plan.case.site, Role.ENGINEER)
    files = Path(settings.STORAGES["default"]["OPTIONS"]["location"])
    before = {path for path in files.rglob("*") if path.is_file()}
    usual, settings.DESIGN_TIME_LIMIT_S = settings.DESIGN_TIME_LIMIT_S, 0.5
    assert runner.run(request_design(person=engineer, plan=plan).pk, worker="test")
    asked = Job.objects.get(kind="design_guide")
    job = log_in(engineer).get(f"/api/jobs/{asked.pk}/").json()
    assert (job["state"], job["error"]["code"]) == ("failed", "time_limit")
    assert job["error"]["remedy"] and "kept" in job["error"]["kept"]
    assert not Guide.objects.exists()
    assert {path for path in files.rglob("*") if path.is_file()} == before, "something was left in storage"
    assert not any(settings.WORKSPACES.glob("job-*")), "the workspace was left behind"

    settings.DESIGN_TIME_LIMIT_S = usual
    assert runner.run(request_design(person=engineer, plan=plan).pk, worker="test")
    assert Guide.objects.get().exportable
