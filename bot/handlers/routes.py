"""Which handler answers which verb, and how risky asking it is. Buttons and commands lead through the same table."""

from __future__ import annotations

from dataclasses import dataclass

from bot import confirm
from bot.commands import Risk
from bot.handlers import charting, live, looking_back, ordering, protection, reading, steering, trading
from bot.handlers.base import Handler, Series


@dataclass(frozen=True, slots=True)
class Route:
    """Exactly one of `once` and `series`."""

    once: Handler | None = None
    series: Series | None = None
    risk: Risk = Risk.READS
    needs: tuple[str, ...] = ()


ROUTES: dict[str, Route] = {
    "home": Route(reading.home),
    "more": Route(reading.more),
    "help": Route(reading.help_),
    "version": Route(reading.version),
    "positions": Route(reading.positions_),
    "position": Route(reading.position, needs=("c", "p")),
    "orders": Route(ordering.orders),
    "stop_order": Route(ordering.stop_order, needs=("c", "o")),
    "foreign": Route(ordering.foreign, needs=("c", "o")),
    "trades": Route(reading.trades),
    "trade": Route(reading.trade, needs=("c", "p")),
    "balance": Route(reading.balance),
    "risk": Route(reading.risk),
    "connections": Route(reading.connections_),
    "connection": Route(reading.connection, needs=("c",)),
    "presets": Route(reading.presets),
    "preset": Route(reading.preset, needs=("preset",)),
    "strategies": Route(reading.strategies),
    "strategy": Route(reading.strategy, needs=("strategy",)),
    "profit": Route(looking_back.profit),
    "performance": Route(looking_back.performance),
    "alerts": Route(looking_back.alerts),
    "health": Route(looking_back.health),
    "chart": Route(series=charting.chart),
    "desk": Route(steering.desk),
    "pause": Route(series=steering.pause, risk=Risk.SAFER),
    "halt": Route(series=steering.halt, risk=Risk.SAFER),
    "resume": Route(steering.resume),
    "close": Route(steering.close),
    "flatten": Route(steering.flatten),
    "stop": Route(steering.stop, needs=("c", "p")),
    "stop_to": Route(steering.stop_to, risk=Risk.SAFER, needs=("c", "p", "price")),
    "allow": Route(protection.allow, needs=("c", "s")),
    "preset_stop": Route(steering.preset_stop, risk=Risk.SAFER, needs=("c", "preset")),
    "preset_start": Route(steering.preset_start, needs=("c", "preset")),
    "buy": Route(trading.buy),
    "sell": Route(trading.sell),
    "cancel": Route(series=ordering.cancel, risk=Risk.SAFER, needs=("c", "o")),
    "foreign_adopt": Route(ordering.foreign_adopt, needs=("c", "o")),
    "foreign_close": Route(ordering.foreign_close, needs=("c", "o")),
    "foreign_ignore": Route(ordering.foreign_ignore, risk=Risk.SAFER, needs=("c", "o")),
    "live": Route(series=live.live),
    "live_go": Route(live.live_go, needs=("c",)),
    "paper": Route(series=live.paper, risk=Risk.SAFER, needs=("c",)),
    "reconcile": Route(series=live.reconcile, risk=Risk.SAFER),
    "forget": Route(steering.forget),
    "do": Route(series=confirm.carry_out, risk=Risk.RISKIER, needs=("do", "c")),
}

TYPED: dict[str, Route] = {
    "stop_typed": Route(steering.stop_typed),
    "amount_typed": Route(trading.amount_typed),
    "lift_typed": Route(confirm.lift_typed),
    "live_typed": Route(series=live.live_typed),
}
"""What answers a text that was waited for."""
