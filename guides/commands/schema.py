"""``python -m guides schema``: the JSON schema that every plan document keeps to."""

from __future__ import annotations

import argparse
import json

from guides.commands.console import say
from guides.plan_document import schema

HELP = "the JSON schema of a plan document"


def add_arguments(_parser: argparse.ArgumentParser) -> None:
    """It takes nothing."""


def run(_options: argparse.Namespace) -> int:
    """Print the schema."""
    say(json.dumps(schema(), indent=1, ensure_ascii=False))
    return 0
