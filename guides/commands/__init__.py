"""Commands besides planning: one module each, with HELP, ``add_arguments`` and ``run``."""

COMMANDS = ("design", "check", "score", "package", "verify", "presets", "schema")
