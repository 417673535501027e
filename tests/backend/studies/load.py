"""Raters at once on a real server that is killed in between: every answer is kept, and kept once."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from uuid import uuid4

from tests.backend import live

_SCRIPT = "import django; django.setup(); from tests.backend.studies import load; load.{}"
CASES = 6


@dataclass
class Found:
    """What became of the answers.

    Attributes:
        answers: given by raters, each until the server said that it has it.
        repeated: sent again, because no reply came or on purpose.
        kept: in the database afterwards.
        lost: given and not kept, or kept with another value.
        doubled: kept more often than given.
        out_of_order: items and questions whose last revision is not the rater's last answer.
        kills: of the server.
        seconds: from the first rater's first request to the last rater's last answer.
    """

    answers: int
    repeated: int
    kept: int
    lost: int
    doubled: int
    out_of_order: int
    kills: int
    seconds: int


@dataclass
class _Rater:
    """One browser, and what it was told to be kept: (client token, item, question, value) in order."""

    browser: live.Browser
    password: str
    username: str
    given: list[tuple[str, str, str, int]] = field(default_factory=list)
    repeated: int = 0
    failure: BaseException | None = None

    def until_answered(self, method: str, address: str, body: Any = None) -> Any:
        """Ask until there is an answer, as a browser does with what it wrote down before sending."""
        while True:
            try:
                status, content = self.browser.ask(method, address, body)
            except (URLError, ConnectionError, TimeoutError, OSError):
                self.repeated += 1
                time.sleep(0.2)
                continue
            if status >= 500:
                self.repeated += 1
                time.sleep(0.2)
                continue
            assert status < 300, (address, status, content)
            return content

    def work(self, study: str, answers: int, pause_s: float, seed: int) -> None:
        try:
            self._work(study, answers, pause_s, random.Random(seed))
        except BaseException as error:  # told by whoever waits for the thread
            self.failure = error

    def _work(self, study: str, answers: int, pause_s: float, chance: random.Random) -> None:
        mine = self.until_answered("GET", f"/api/rating/studies/{study}/")
        points = {
            question["key"]: [point["value"] for point in question["points"]]
            for question in mine["questions"]
        }
        items = [line["token"] for line in mine["list"]]
        while True:
            for item in items:
                self.until_answered("POST", f"/api/rating/items/{item}/open/", {})
                for question, values in points.items():
                    if len(self.given) == answers:
                        return
                    value = chance.choice(values)
                    said = {"question": question, "value": value, "client_token": str(uuid4())}
                    self.until_answered("POST", f"/api/rating/items/{item}/ratings/", said)
                    self.given.append((said["client_token"], item, question, value))
                    if chance.random() < 0.2:  # the reply was lost, says the browser
                        self.until_answered("POST", f"/api/rating/items/{item}/ratings/", said)
                        self.repeated += 1
                    time.sleep(chance.uniform(0.5, 1.5) * pause_s)
            chance.shuffle(items)  # all are complete: minds change


def rate_under_fire(folder: Path, *, raters: int, answers: int, pause_s: float, kills: int) -> Found:
    """Let raters rate, kill the server so often in between, and count.

    Args:
        folder: an empty one, for the installation.
        answers: of each rater.
        pause_s: between two answers of a rater, on average.
    """
    env = live.environment(folder / "var", KNEE_WORKER="none", DJANGO_SETTINGS_MODULE="backend.core.settings")
    live.manage(env, "migrate", "--verbosity", "0")
    made = inside(env, f"prepare({raters})")
    port = live.free_port()
    server = _serve(env, port, folder / "server.log")
    crew = [_Rater(live.Browser(port), made["password"], username) for username in made["usernames"]]
    try:
        for rater in crew:
            rater.browser.log_in(rater.username, rater.password)
        threads = [
            threading.Thread(target=rater.work, args=(made["study"], answers, pause_s, seed), daemon=True)
            for seed, rater in enumerate(crew)
        ]
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for number in range(1, kills + 1):
            # In the midst of the work, however fast this machine is.
            while _given(crew) < raters * answers * number / (kills + 1):
                time.sleep(0.02)
            server.kill()
            server = _serve(env, port, folder / "server.log")
        for thread in threads:
            thread.join()
        seconds = round(time.monotonic() - began)
    finally:
        server.stop()
    _given(crew)
    return _counted(crew, inside(env, "dump()"), kills, seconds)


def _given(crew: list[_Rater]) -> int:
    """How many answers there are so far; what went wrong in a thread is raised here."""
    for rater in crew:
        if rater.failure is not None:
            raise rater.failure
    return sum(len(rater.given) for rater in crew)


def _counted(crew: list[_Rater], rows: list[list[Any]], kills: int, seconds: int) -> Found:
    given = [answer for rater in crew for answer in rater.given]
    kept = Counter((token, item, question, value) for token, item, question, value, _ in rows)
    wanted = Counter(given)
    last_said = {(item, question): value for _, item, question, value in given}
    newest = {(item, question): value for _, item, question, value, _ in sorted(rows, key=lambda row: row[4])}
    return Found(
        answers=len(given),
        repeated=sum(rater.repeated for rater in crew),
        kept=len(rows),
        lost=sum((wanted - kept).values()),
        doubled=sum((kept - wanted).values()),
        out_of_order=sum(newest.get(key) != value for key, value in last_said.items()),
        kills=kills,
        seconds=seconds,
    )


def _serve(env: dict[str, str], port: int, log: Path) -> live.Process:
    command = [sys.executable, "-m", "uvicorn", "backend.core.asgi:application", "--port", str(port)]
    server = live.Process([*command, "--log-level", "warning"], env, log)
    browser, end = live.Browser(port), time.monotonic() + 90
    while time.monotonic() < end and not server.ended:
        try:
            browser.get("/api/session/")
            return server
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"the server is not there:\n{log.read_text()[-2000:]}")


def inside(env: dict[str, str], call: str) -> Any:
    """What a function of this module prints inside the installation."""
    command = [sys.executable, "-c", _SCRIPT.format(call)]
    done = subprocess.run(command, env=env, cwd=live.ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def prepare(raters: int) -> None:
    """A running study with so many raters."""
    from tests.backend import factories
    from tests.backend.studies.factories import running_study, team

    people = team(raters=raters)
    study = running_study(people, cases=CASES, distance=3)
    told = {
        "study": str(study.pk),
        "usernames": [person.username for person in people.raters],
        "password": factories.PASSWORD,
    }
    sys.stdout.write(json.dumps(told) + "\n")


def dump() -> None:
    """Every answer that was kept: client token, item, question, value, revision."""
    from backend.studies.models import Rating

    rows = Rating.objects.values_list("client_token", "item", "question__key", "value", "revision")
    sys.stdout.write(json.dumps([[str(token), *rest] for token, *rest in rows]) + "\n")


def finish_one() -> None:
    """A locked study with something in every table that keeps history."""
    from backend.studies import monitoring
    from backend.studies.models import StudyKind
    from tests.backend.studies.factories import lock, rate_everything, running_study, team

    people = team(raters=1)
    study = running_study(people, kind=StudyKind.HTO_SIMULATION, cases=2)
    rate_everything(study)
    monitoring.note_deviation(person=people.coordinator, study=study, text="A guide broke")
    lock(people, study)
    sys.stdout.write(json.dumps(str(study.pk)) + "\n")
