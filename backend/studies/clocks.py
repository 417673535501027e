"""Whose clock takes an operation time, and when that cannot be known.

The server's clock decides. A press that reaches the server at once is dated by its arrival. One that was
made without a connection is dated back from its arrival by how long ago it was, and only the device can say
that: the difference of two readings of its clock, at the press and at the sending. Whether that clock is
right does not matter; whether it was set in between does. So every reading is kept beside the server's time,
as evidence, and a time that rests on a device whose clock was set while it ran is not believed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise

from backend.studies.models import TimeEvent, TimeEventKind

# What a press may need on its way over a bad network, and be dated too late by; no clock was set for that.
TOLERANCE = timedelta(seconds=30)
DOUBT = (
    "The clock of the device was set while the time of this guide ran, without a connection to the server. "
    "The time is left out; the scores count."
)


def doubtful(events: Sequence[TimeEvent]) -> bool:
    """Whether the last run of a stop-watch rests on a device whose clock was set meanwhile.

    Between two presses the server's time and the device's own must be as long as each other, unless the
    server saw both presses itself. Presses without a reading of the device (of older browsers) tell nothing.

    Args:
        events: all presses of one item, in order.
    """
    voided = [place for place, event in enumerate(events) if event.kind == TimeEventKind.CORRECTED]
    run = [event for event in events[voided[-1] + 1 if voided else 0 :] if event.device_at is not None]
    return any(
        (before.late_s != 0 or after.late_s != 0)
        and abs((after.at - before.at) - (after.device_at - before.device_at)) > TOLERANCE  # type: ignore[operator]
        for before, after in pairwise(run)
    )
