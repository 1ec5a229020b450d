"""Which of the venue's order numbers are ours: executions carry the number, rarely our name."""

from __future__ import annotations

from collections import OrderedDict

from engine.core.ids import ClientOrderId, is_ours
from engine.core.model import OrderReport

MOST = 20_000
"""Numbers kept; the one heard of longest ago is forgotten, and asked for again if it comes back."""


class Names:
    """Venue order number -> our client order id, or None for an order that is not ours."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, ClientOrderId | None] = OrderedDict()

    def learn(self, report: OrderReport) -> None:
        """Take over what a report tells."""
        if report.venue_order_id is not None:
            self.note(str(report.venue_order_id), report.client_order_id)

    def note(self, number: str, name: str | None) -> None:
        """`name` is the order's name at the venue, ours or not."""
        self._known[number] = ClientOrderId(name) if name and is_ours(name) else None
        self._known.move_to_end(number)
        while len(self._known) > MOST:
            self._known.popitem(last=False)

    def ours(self, number: str) -> ClientOrderId | None:
        """Our name for it; None also for one that we don't know."""
        return self._known.get(number)

    def __contains__(self, number: str) -> bool:
        return number in self._known
