"""What a study tells whoever may know more than it does."""

from __future__ import annotations

from django.dispatch import Signal

# A study starts, or cases or raters were added while it runs: arguments ``study`` and ``person``. Sent inside
# the transaction; whoever listens gives every rater the items that are missing, and publishes a commitment.
extended = Signal()

# A case leaves a running study: argument ``study_case``. Whoever listens withdraws the items that show it.
case_withdrawn = Signal()
