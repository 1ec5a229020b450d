"""What can be done to the venue from outside, by name: the verbs of `/control` and of the steps of a script.

Each verb takes one JSON object and returns what to answer; ValueError or `Refusal` with a sentence for nonsense.
"""

from collections.abc import Callable
from dataclasses import asdict
from itertools import count
from typing import Any

from sandbox.exchange import snapshot
from sandbox.exchange.bodies import (
    Body,
    Wallet,
    choice,
    decimal,
    fee_policy,
    need,
    order_request,
    pair_id,
    rule_of,
    switch,
    text,
    whole,
)
from sandbox.exchange.matching.model import Order
from sandbox.exchange.venue import Venue


class Backdoor:
    """One per venue."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._own_ids = count(1)
        self.verbs: dict[str, Callable[[Body], Any]] = {
            "balance": self.set_balance,
            "move": self.move_coins,
            "price": self.move_price,
            "market": self.market,
            "clock": self.set_clock,
            "key": self.set_key,
            "account": self.set_account,
            "rules": self.set_rules,
            "cancel": self.cancel,
            "forget": self.forget,
            "order": self.place,
            "hold": self.hold,
            "release": self.release,
            "fees": self.set_fees,
            "faults": self.add_fault,
            "clear": self.clear_faults,
            "seed": self.reseed,
        }

    def do(self, verb: str, body: Body) -> Any:
        if verb not in self.verbs:
            raise ValueError(f"“{verb}” is nothing that can be done here; there is {', '.join(self.verbs)}")
        return self.verbs[verb](body)

    def set_balance(self, body: Body) -> Any:
        """{"coin", "free", "account"}: a deposit or withdrawal; an account runs out with `free` 0."""
        account, coin, free = self._account(body), text(body, "coin"), decimal(body, "free")
        self._venue.set_balance(account, coin, free)
        return {"account": account, "coin": coin, "free": snapshot.num(free)}

    def move_coins(self, body: Body) -> Any:
        """{"coin", "amount", "to": "funding" or "earn", "account"}: to another account of his, back if below 0."""
        account, coin, amount = self._account(body), text(body, "coin"), decimal(body, "amount")
        wallet = choice(body, "to", Wallet)
        self._venue.move_coins(account, coin, amount, wallet)
        return {
            "account": account,
            "coin": coin,
            wallet: str(self._venue.wallet(account, wallet).get(coin, 0)),
        }

    def move_price(self, body: Body) -> Any:
        """{"instrument", "percent"} for a jump, or {"instrument", "price"}; the market goes on from there."""
        chosen = pair_id(body)
        last = self._venue.matching.book(chosen).last
        factor = 1 + decimal(body, "percent") / 100 if "percent" in body else decimal(body, "price") / last
        self._venue.push_price(chosen, factor)
        return {
            "instrument": body["instrument"],
            "price": snapshot.num(self._venue.matching.book(chosen).last),
        }

    def market(self, body: Body) -> Any:
        """{"moving"} for all prices; {"instrument", "trading"} to halt one, {"instrument", "listed"} to remove it."""
        matching = self._venue.matching
        if "moving" in body:
            self._venue.feed.move(switch(body, "moving"))
        if "listed" in body:
            if switch(body, "listed"):
                matching.relist(pair_id(body))
            else:
                matching.delist(pair_id(body), self._venue.clock.now_ms())
        if "trading" in body:
            matching.set_trading(pair_id(body), switch(body, "trading"))
        halted = [pair.name for pair in matching.pairs.values() if not pair.trading]
        listed = [pair.name for pair in matching.pairs.values()]
        return {"moving": self._venue.feed.moving, "halted": halted, "listed": listed}

    def set_clock(self, body: Body) -> Any:
        offset = whole(body, "offset_ms")
        self._venue.clock.offset_ms = offset
        return {"offset_ms": offset}

    def set_key(self, body: Body) -> Any:
        """{"good": false, "account"}: the account's key is revoked, or good again."""
        account, good = self._account(body), switch(body, "good")
        self._venue.revoke_key(account, revoked=not good)
        return {"account": account, "good": good}

    def set_account(self, body: Body) -> Any:
        """{"mode": {"acctLv": "3"}, "account"}: what the venue tells of the account's mode; {} for as it was."""
        account = self._account(body)
        match need(body, "mode"):
            case dict() as mode:
                self._venue.account_modes[account] = mode
                return {"account": account, "mode": mode}
        raise ValueError(f"“mode” must be an object, as the venue answers it, not {body['mode']!r}")

    def set_rules(self, body: Body) -> Any:
        """{"instrument", "step", "min_quantity", "max_market_quantity", "max_open_conditional"}: new rules from now on,
        those that are named."""
        chosen = pair_id(body)
        numbers = ("step", "min_quantity", "max_market_quantity", "min_notional")
        changes: dict[str, Any] = {name: decimal(body, name) for name in numbers if name in body}
        if "max_open_conditional" in body:
            changes["max_open_conditional"] = whole(body, "max_open_conditional")
        pair = self._venue.matching.set_rules(chosen, changes)
        return {name: str(getattr(pair, name)) for name in changes}

    def forget(self, body: Body) -> Any:
        """{"order_id"} or {"client_id"}: a working order is gone, with no word to anybody; what it held is free."""
        order = self._open_order(body)
        self._venue.matching.forget(order)
        return snapshot.order(order)

    def cancel(self, body: Body) -> Any:
        """Cancel from outside, as the owner would on the venue's own page: {"order_id"} or {"client_id"}."""
        order = self._open_order(body)
        events = self._venue.matching.cancel(order, self._venue.clock.now_ms(), "web_control")
        return snapshot.order(events[0].order)

    def place(self, body: Body) -> Any:
        """An order of the owner's own, past the bot: see the README for its parts."""
        account = self._account(body)
        request = order_request(body, client_id=str(body.get("client_id") or f"web_{next(self._own_ids)}"))
        events = self._venue.matching.place(account, request, self._venue.clock.now_ms())
        return snapshot.order(events[-1].order)

    def hold(self, body: Body) -> Any:
        """{"share", "client_id", "instrument", "then_expires"}: orders fill only up to that share."""
        hold = self._venue.matching.holds.add(
            decimal(body, "share"),
            str(body.get("client_id", "*")),
            self._venue.matching.pair(pair_id(body)).id if "instrument" in body else None,
            "then_expires" in body and switch(body, "then_expires"),
        )
        return asdict(hold) | {"share": str(hold.share)}

    def release(self, body: Body) -> Any:
        """{"id"} or {} for all; what was held goes on at once."""
        lifted = self._venue.matching.holds.release(whole(body, "id") if "id" in body else None)
        if "id" in body and not lifted:
            raise ValueError(f"there is no hold {body['id']}")
        self._venue.stir()
        return {"released": [hold.id for hold in lifted]}

    def set_fees(self, body: Body) -> Any:
        """{"maker", "taker"} as fractions, {"taken_in": received, base or quote}, {"coin": "BNB" or null}."""
        policy = fee_policy(body, self._venue.matching.fees)
        self._venue.matching.fees = policy
        return {key: None if value is None else str(value) for key, value in asdict(policy).items()}

    def add_fault(self, body: Body) -> Any:
        return asdict(self._venue.faults.add(rule_of(body)))

    def clear_faults(self, body: Body) -> Any:
        self._venue.faults.clear()
        return []

    def reseed(self, body: Body) -> Any:
        """{"seed"}: the chance of faults with a probability begins anew."""
        seed = whole(body, "seed")
        self._venue.faults.reseed(seed)
        return {"seed": seed}

    def _account(self, body: Body) -> str:
        account = str(body.get("account") or next(iter(self._venue.matching.accounts)))
        if account not in self._venue.matching.accounts:
            raise ValueError(f"there is no account “{account}”")
        return account

    def _open_order(self, body: Body) -> Order:
        if "client_id" in body:
            wanted = text(body, "client_id")
            found = [one for one in self._venue.matching.open_orders() if one.client_id == wanted]
        else:
            wanted = str(whole(body, "order_id"))
            found = [one for one in self._venue.matching.open_orders() if str(one.id) == wanted]
        if not found:
            raise ValueError(f"there is no open order {wanted}")
        return found[0]
