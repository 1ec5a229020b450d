"""What is said of an order or a position as it goes: the whole of it so far, in truthful words (law 12).

Sent is not accepted, accepted is not filled, a stop that does not rest at the venue protects nothing yet.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from bot.screens.fields import Fields
from bot.screens.figures import duration, money, price, quantity, signed, signed_percent
from bot.text import Html, known, lines, say, word

_OVER = ("cancelled", "expired", "never_arrived")


def _order(it: Fields) -> Html:
    """How far it is, how much of it at which price, what protects it, and why it was sent."""
    return lines(
        _head(it),
        _amount(it),
        _protection(it),
        say("notice.still_held", held=it.coins("held")) if _is_leaving(it) and it.number("done") else None,
        _why(it),
        say("notice.detail_alone", detail=it.text("detail")) if it.has("detail") else None,
        say("notice.was_unknown", since=it.time("lost_at")) if it.has("lost_at") else None,
    )


def _title(it: Fields) -> str:
    """`Buy BTC/USDT`, or whose stop it is."""
    if it.text("purpose") == "stop":
        return word("notice.stop_title", symbol=it.text("symbol"))
    return f"{known('side', it.text('side')).capitalize()} {it.text('symbol')}"


def _head(it: Fields) -> Html:
    title, status = _title(it), it.text("status")
    filled, whole = it.number("filled"), it.number("quantity")
    if filled and whole and filled >= whole:
        return say("notice.filled", title=title)
    if status in _OVER:
        key = known("order_status", status)
        return say("notice.ended_partly" if filled else "notice.ended", title=title, status=key)
    if filled:
        return say("notice.part_filled", title=title)
    return say("notice.accepted" if status == "working" else "notice.sent", title=title)


def _is_leaving(it: Fields) -> bool:
    return it.text("purpose") in ("exit", "stop")


def _amount(it: Fields) -> Html:
    """What was filled, of how much, at which average; or what was sent."""
    done, average = it.number("done"), it.number("average")
    if not done or average is None:
        return _sent(it)
    whole = done + (it.number("held") or Decimal(0)) if _is_leaving(it) else it.number("quantity") or done
    size, at, worth = it.coins("done"), price(average), money(done * average, it.text("quote"))
    if done < whole:
        part, all_of_it = quantity(done), _whole(it, whole)
        return say("notice.fill_part", size=part, whole=all_of_it, price=at, worth=worth)
    if it.number("fees") and not _is_leaving(it):
        fees = it.shown("fees", _money_of(it))
        return say("notice.fill_fees", size=size, price=at, worth=worth, fees=fees)
    return say("notice.fill", size=size, price=at, worth=worth)


def _whole(it: Fields, whole: Decimal) -> str:
    return quantity(whole, it.text("symbol").partition("/")[0])


def _money_of(it: Fields) -> Callable[[Decimal], str]:
    return lambda value: money(value, it.text("quote"))


def _sent(it: Fields) -> Html:
    """An order at market has no price of its own."""
    kind = known("order_type", it.text("type"))
    level = "stop_price" if it.has("stop_price") else "price"
    if not it.has(level):
        return say("notice.order_at_market", size=it.size(), type=kind)
    return say("notice.order_size", size=it.size(), type=kind, price=it.price(level))


def _protection(it: Fields) -> Html | None:
    """The stop, and whether it works at the venue yet; the target."""
    if not it.has("stop"):
        return None
    stop, resting, held = it.price("stop"), it.number("resting"), it.number("held")
    if not resting:
        told = say("notice.stop_not_yet", stop=stop)
    elif held is not None and resting < held:
        told = say("notice.stop_rests_for", stop=stop, size=it.coins("resting"))
    else:
        told = say("notice.stop_rests", stop=stop)
    return told + say("notice.and_target", target=it.price("take_profit")) if it.has("take_profit") else told


def _why(it: Fields) -> Html | None:
    if not it.has("reason"):
        return None
    if it.has("preset"):
        return say("notice.why", preset=it.text("preset"), reason=it.reason())
    return say("notice.why_alone", reason=it.reason())


def _rejected(it: Fields) -> Html:
    reason = it.text("detail") if it.has("detail") else word("trading.no_reason")
    return lines(say("notice.order_rejected", title=_title(it), reason=reason), _sent(it), _why(it))


def _unknown(it: Fields) -> Html:
    return lines(
        say("notice.order_unknown", title=_title(it), since=it.time("since")),
        _sent(it),
        say("notice.unknown_waits", symbol=it.text("symbol")),
    )


def _exit_wanted(it: Fields) -> Html:
    return lines(
        say("notice.exit_wanted", symbol=it.text("symbol")),
        say("notice.exit_size", size=it.size(), reason=it.reason()),
    )


def _closed(it: Fields) -> Html:
    quote = it.text("quote")
    profit = it.shown("profit", lambda value: signed(value, quote))
    return lines(
        say(
            "notice.closed", symbol=it.text("symbol"), profit=profit, share=it.shown("share", signed_percent)
        ),
        say("notice.way", size=it.size(), entry=it.price("entry"), exit=it.price("exit")),
        say(
            "notice.closed_why",
            reason=it.reason(),
            held=it.shown("held_seconds", lambda value: duration(float(value))),
            fees=it.shown("fees", _money_of(it)),
        ),
        say("notice.fees_unpriced", fees=it.text("unpriced")) if it.has("unpriced") else None,
        say("notice.dust", size=it.coins("dust")) if it.number("dust") else None,
    )


ORDER_BODIES: dict[str, Callable[[Fields], Html]] = {
    "order_placed": _order,
    "order_accepted": _order,
    "order_filled": _order,
    "order_ended": _order,
    "position_opened": _order,
    "stop_resting": _order,
    "order_rejected": _rejected,
    "order_unknown": _unknown,
    "exit_wanted": _exit_wanted,
    "position_closed": _closed,
}
