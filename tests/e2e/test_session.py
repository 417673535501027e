"""Logging in, the end of a session, and a lost network: nothing that was typed is lost."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e import app
from tests.e2e.conftest import DEMO_CASE, Profile, Profiles
from tests.e2e.server import Server


def test_wrong_password_keeps_the_user_name(profiles: Profiles, served: Server) -> None:
    profile = profiles()
    profile.watch.expected = {400}
    page = profile.page
    page.goto("/")
    page.get_by_label("User name").fill("surgeon")
    page.get_by_label("Password", exact=True).fill("not the password")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_test_id("error-message")).to_have_text("User name or password is wrong.")
    expect(page.get_by_label("User name")).to_have_value("surgeon")
    page.get_by_label("Password", exact=True).fill(served.password)
    page.keyboard.press("Enter")
    expect(page.get_by_test_id("worklist")).to_be_visible()


def test_an_ended_session_keeps_the_form_and_finishes_the_act(surgeon: Profile, served: Server) -> None:
    surgeon.watch.expected = {401}
    page = surgeon.page
    page.goto("/")
    page.get_by_test_id("new-case").click()
    page.get_by_label("Pseudonym").fill("AFTER-THE-BREAK")
    page.get_by_text("Right knee").click()
    surgeon.context.clear_cookies()
    page.get_by_role("button", name="Start the case").click()
    dialog = page.get_by_role("dialog", name="Your session has ended")
    expect(dialog).to_be_visible()
    expect(page.get_by_label("Pseudonym")).to_have_value("AFTER-THE-BREAK")
    dialog.get_by_label("Password", exact=True).fill(served.password)
    dialog.get_by_role("button", name="Log in").click()
    expect(page.get_by_test_id("case-title")).to_have_text("AFTER-THE-BREAK")


def test_a_correction_survives_a_reload(surgeon: Profile) -> None:
    page = surgeon.page
    app.open_case(page, DEMO_CASE)
    page.get_by_test_id("tab-plan").click()
    app.settled(page)
    app.set_correction(page, 11.5)
    page.reload()
    expect(page.get_by_test_id("correction-input")).to_have_value("11.5°")


def test_offline_is_said_and_passes(surgeon: Profile) -> None:
    surgeon.watch.offline = True
    page = surgeon.page
    surgeon.context.set_offline(True)
    expect(page.get_by_test_id("offline")).to_contain_text("You are offline")
    surgeon.context.set_offline(False)
    expect(page.get_by_test_id("offline")).to_be_hidden()


def test_foreign_and_unknown_addresses_look_alike(profiles: Profiles) -> None:
    profile = profiles("surgeon")
    profile.watch.expected = {404}
    profile.page.goto("/cases/00000000-0000-0000-0000-000000000000")
    expect(profile.page.get_by_test_id("not-found")).to_contain_text("There is no such case")
    profile.page.goto("/nowhere")
    expect(profile.page.get_by_test_id("not-found")).to_contain_text("There is no such page")


def test_people_are_looked_after_by_the_administrator(profiles: Profiles) -> None:
    profile = profiles("administrator")
    profile.watch.expected = {400}
    page = profile.page
    page.get_by_role("link", name="To the people").click()
    page.get_by_test_id("new-person").click()
    page.get_by_test_id("person-name").fill("Ada Assistant")
    page.get_by_test_id("person-username").fill("ada")
    page.get_by_test_id("person-password").fill("short")
    page.get_by_label("Engineer").check()
    page.get_by_test_id("create-person").click()
    expect(page.get_by_role("dialog").get_by_test_id("error-note")).to_be_visible()
    page.get_by_test_id("person-password").fill("a longer pass phrase")
    page.get_by_test_id("create-person").click()
    expect(page.get_by_test_id("person-ada")).to_contain_text(re.compile("engineer"))
    page.get_by_test_id("deactivate-ada").click()
    page.get_by_test_id("confirm-act").click()
    expect(page.get_by_test_id("person-ada")).to_contain_text("may not log in")
