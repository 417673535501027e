"""Which version of which case each rater sees, and when: sealed until the study is unblinded.

Nothing imports this package but ``backend.studies.unblinding`` and ``backend.studies.report`` (a rule that
import-linter keeps). It is a Django application of its own, so that its tables can be granted to fewer
people; it hears of new cases and raters through ``backend.studies.signals`` and hands out items that do not
say what they are.
"""
