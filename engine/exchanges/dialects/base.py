"""What the adapter asks of a venue's dialect, and how most venues answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from engine.core.ids import ClientOrderId, Symbol
from engine.core.model import OrderRequest, OrderType
from engine.exchanges.budget import Allowance
from engine.exchanges.dialects.watching import Watching
from engine.exchanges.key_rights import KeyRights
from engine.exchanges.row_by_row import left_out, told

Raw = Mapping[str, Any]
"""An order or a trade as ccxt parsed it; `info` in it is what the venue sent."""
Hear = Callable[[Raw | None, Raw | None], None]
"""Takes an order that changed and an execution, as ccxt parsed them; None for what a message does not tell."""


@dataclass(frozen=True, slots=True)
class Span:
    """Which executions are asked for: those between two times in milliseconds, both included; without times the newest.
    `more` is of the page before, which was asked for with the same times."""

    since_ms: int | None = None
    until_ms: int | None = None
    more: Mapping[str, Any] = field(default_factory=dict)


NEWEST = Span()


@dataclass(frozen=True, slots=True)
class Page:
    """Executions in one answer. `more` is what the venue wants to be sent for those that follow, None if there are
    none."""

    rows: list[Raw]
    more: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class OrderCall:
    """The arguments of ccxt's `create_order`. Numbers are text, so that no float rounds them."""

    symbol: str
    type: str
    side: str
    amount: str
    price: str | None
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AccountMode:
    """How the owner has set his account: whether orders of ours are taken there and borrow nothing, and a sentence
    that says what is, or what to change."""

    fits: bool
    words: str


class Dialect:
    """One venue's ways. A venue overrides what it does otherwise; every override says where that is written."""

    allowance = Allowance(60, 60.0)
    """Requests for one account: the adapter keeps a reserve of it for exits."""
    options: Mapping[str, Any] = MappingProxyType({})
    """Laid over ccxt's own options for clients with a key."""
    streams = False
    """Whether the user stream was tried and may be trusted; without, the account is polled."""
    whole_account = False
    """Whether `open_orders` and `trades` are asked without an instrument, for all of them at once, since the venue
    answers so or allows so few questions."""
    stops_lock = True
    """Whether a stop that rests holds its coins, so that balances without them contradict the list of orders. False
    where it is not known: then only an execution tells what the owner sold beside it."""
    trades_page = 100
    """Executions in one answer, at most."""
    trades_window: timedelta | None = None
    """The longest time between the first and the last execution that one question may cover."""
    trades_reach: timedelta | None = None
    """How far back a question without times reaches, the newest in its page; None for as far as there is history,
    zero where there is no such question."""

    def order_call(self, request: OrderRequest) -> OrderCall:
        """How to place it; market orders always by base quantity, stops so that they rest at the venue."""
        market = request.type is not OrderType.LIMIT
        return OrderCall(
            request.symbol,
            "market" if market else "limit",
            request.side.value,
            f"{request.quantity:f}",
            None if request.price is None else f"{request.price:f}",
            self._params(request),
        )

    def _params(self, request: OrderRequest) -> dict[str, Any]:
        """`stopLossPrice` in ccxt: a market order once the price has fallen (sell) or risen (buy) to it."""
        stop = {} if request.stop_price is None else {"stopLossPrice": f"{request.stop_price:f}"}
        return {"clientOrderId": request.client_order_id, **stop}

    async def place(self, client: Any, request: OrderRequest) -> Raw:
        """One request, and its answer. The numbers were checked to fit before."""
        call = self.order_call(request)
        placed: Raw = await client.create_order(
            call.symbol, call.type, call.side, call.amount, call.price, call.params
        )
        return placed

    async def find(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw | None:
        """By our name. None only if the venue said that it knows no such order; ccxt's errors come through."""
        found: Raw = await client.fetch_order(None, symbol, {"clientOrderId": order})
        return found

    async def find_by_venue_id(self, client: Any, order: str, symbol: Symbol) -> Raw | None:
        """By the venue's own number."""
        found: Raw = await client.fetch_order(order, symbol)
        return found

    async def cancel(self, client: Any, order: ClientOrderId, symbol: Symbol) -> Raw:
        """By our name."""
        answer: Raw = await client.cancel_order(None, symbol, {"clientOrderId": order})
        return answer

    async def open_orders(self, client: Any, symbol: Symbol | None) -> list[Raw]:
        """Everything that works in `symbol`, resting stops among them; None only with `whole_account`."""
        return list(await client.fetch_open_orders(symbol))

    def trades_in(self, order: Raw) -> list[Raw]:
        """The executions that come with an order."""
        return list(order.get("trades") or [])

    async def trades_of(self, client: Any, order: Raw, symbol: Symbol) -> Page:
        """The executions of one order as far as one page holds them; asked for by the largest, since an order that
        swept a book has more than most venues tell unasked. Of one that is full only that there is `more` counts:
        the rest is looked for in `trades`."""
        number = self.number_in_trades(order)
        return self._page(list(await client.fetch_order_trades(number, symbol, None, self.trades_page)))

    async def trades(self, client: Any, symbol: Symbol | None, span: Span = NEWEST) -> Page:
        """One page of the account's executions in `symbol`; None only with `whole_account`."""
        until = {} if span.until_ms is None else {"until": span.until_ms}
        asked = {**until, **span.more}
        return self._page(list(await client.fetch_my_trades(symbol, span.since_ms, self.trades_page, asked)))

    def _page(self, rows: list[Raw]) -> Page:
        return Page(rows, self._after(rows) if rows and self._is_full(rows) else None)

    def _is_full(self, rows: Sequence[Any]) -> bool:
        """Whether the venue's page was: rows that can't be read, and those that ccxt drops by itself, were in it."""
        return max(len(rows) + left_out(), told()) >= self.trades_page

    def _after(self, rows: list[Raw]) -> Mapping[str, Any] | None:
        """How to ask for what follows a full page."""
        raise NotImplementedError("this dialect does not turn pages")

    def number_in_trades(self, order: Raw) -> str:
        """The venue's number of an order, as its executions repeat it."""
        return str(order["id"])

    account_types: tuple[str, ...] = ("funding",)
    """ccxt's `type` of the owner's other accounts at the venue, to which coins may be moved (A13)."""

    earn: Callable[[Any], Awaitable[Raw]] | None = None
    """Asks what the owner has put to work there (earn, savings, staking), as ccxt would tell a balance. None where the
    venue does not tell, unless it `has_one_account` for all of it."""
    has_one_account = False

    async def other_accounts(self, client: Any) -> list[Raw]:
        """The balances of those, as ccxt tells them. Asked only when the account that trades is short of a coin."""
        return [await client.fetch_balance({"type": kind}) for kind in self.account_types]

    async def balances(self, client: Any) -> Raw:
        found: Raw = await client.fetch_balance()
        return found

    def name_in_order(self, order: Raw) -> str:
        """What an order is called at the venue, empty for one without a name."""
        return str(order.get("clientOrderId") or "")

    def client_id_in_trade(self, trade: Raw) -> str | None:
        """The order's name, where the venue repeats it in an execution, empty for an order without; None where it is
        not told: then the order has to be asked for."""
        return None

    async def open_stream(self, client: Any, hear: Hear, watching: Watching) -> None:
        """Connect, sign in and subscribe; returns when the venue has said yes to all of it. From then on `hear` gets
        what it tells, in the very shape of the answers to questions: the same execution by either way is the same
        fill. `watching` is given the calls that end with the connection. ccxt's error if it can't be opened.

        `client` is used for nothing else, so its handlers may be replaced. A handler that raises ends the stream."""
        raise NotImplementedError("this dialect has no user stream")

    async def rights(self, client: Any) -> KeyRights | None:
        """What the key may do, which proves that it is accepted, or None where `key_info` has to be asked besides."""
        await client.fetch_balance()
        return None

    async def key_info(self, client: Any) -> KeyRights | None:
        """What else tells what the key may do. Not every key may ask it: a no says nothing against the key."""
        return None

    async def account_mode(self, client: Any) -> AccountMode | None:
        """The mode of the account, asked before real money is used (A6); None where a spot account is apart from
        margin and futures, so that it has no modes."""
        return None
