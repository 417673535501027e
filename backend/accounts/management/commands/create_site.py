"""The first step in a new installation: a site and somebody who may add people to it."""

from __future__ import annotations

import getpass
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from backend.accounts.services import open_site
from backend.core.errors import Refusal


class Command(BaseCommand):
    help = "Open a site with its first administrator; the password is asked for, or read from a pipe."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("site", help="name of the hospital or laboratory")
        parser.add_argument("username", help="what the administrator logs in with")
        parser.add_argument("name", help="the administrator's own name")

    def handle(self, *args: Any, **options: Any) -> None:
        piped = not sys.stdin.isatty()
        password = sys.stdin.readline().rstrip("\n") if piped else getpass.getpass("Password: ")
        try:
            open_site(
                name=options["site"],
                username=options["username"],
                person_name=options["name"],
                password=password,
            )
        except Refusal as refusal:
            raise CommandError(f"{refusal.body['message']} {refusal.body['remedy']}") from refusal
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"{options['username']} administers {options['site']} and can add people there.")
