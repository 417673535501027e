"""One module a command: ``HELP``, ``add_arguments(parser)`` and ``run(options)``."""

COMMANDS = (
    "drr",
    "reconstruct",
    "evaluate",
    "train",
    "population",
    "dataset",
    "experiment",
    "import_bones",
    "describe",
    "import_weights",
    "reconstruct_ct",
)
