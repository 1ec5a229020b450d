"""`pocketdesk sandbox exchange`: the options of the sandbox venue, and running it until it is told to stop."""

import argparse
import asyncio
import signal
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path

from loguru import logger

from sandbox.exchange.keeping import Keeper
from sandbox.exchange.kept import Kept
from sandbox.exchange.market.feed import UNITS_MS
from sandbox.exchange.market.files import read_market
from sandbox.exchange.market.pairs import split_name
from sandbox.exchange.market.seeded import DEFAULT_INSTRUMENTS, following, seeded_market
from sandbox.exchange.market.tape import Tape
from sandbox.exchange.matching.fees import FeePolicy
from sandbox.exchange.matching.model import Pair, Refusal
from sandbox.exchange.script import read_script
from sandbox.exchange.server import LOOPBACK, Dialect, serving
from sandbox.exchange.venue import DEMO_CLIENT, Client, Venue


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", type=_loopback, help="loopback address to listen on")
    parser.add_argument("--port", default=8090, type=_port, help="port to listen on; 0 takes any free one")
    parser.add_argument(
        "--market",
        action="append",
        default=[],
        type=_market,
        metavar="NAME[=FILE]",
        help="an instrument such as BTC/USDT, replayed from a CSV (timestamp,open,high,low,close,volume; may be "
        "gzipped), or made up without FILE; may be given several times; without it, a seeded market of its own",
    )
    parser.add_argument(
        "--hours",
        action="append",
        default=[],
        type=_hours,
        metavar="NAME=FILE",
        help="a CSV of candles of an hour that the made-up prices of an instrument follow, each for an hour",
    )
    parser.add_argument(
        "--seed", default=1, type=int, help="seed of made-up markets: the same seed, the same prices"
    )
    parser.add_argument(
        "--candle-seconds",
        default=1.0,
        type=_candle_seconds,
        metavar="SECONDS",
        help="how long one candle of the record is played, and the shortest timeframe; 1 unless set",
    )
    parser.add_argument(
        "--account",
        action="append",
        default=[],
        type=_account,
        metavar="KEY:SECRET:COIN=AMOUNT,…",
        help="an account with its coins; may be given several times; "
        f"without it {DEMO_CLIENT.key}:{DEMO_CLIENT.secret}",
    )
    parser.add_argument(
        "--fee", default=Decimal("0.1"), type=_fee, metavar="PERCENT", help="fee in percent; 0.1 unless set"
    )
    parser.add_argument(
        "--fee-coin", default=None, metavar="COIN", help="take fees in this coin while there is enough of it"
    )
    parser.add_argument(
        "--dialect",
        default=Dialect.BINANCE,
        choices=list(Dialect),
        type=str,
        help="whose API to speak; binance unless set, the others REST only",
    )
    parser.add_argument(
        "--state",
        default=None,
        type=Path,
        metavar="FILE",
        help="where accounts, orders, fills and the time of the replay are kept over a restart; nowhere unless set",
    )
    parser.add_argument(
        "--script",
        default=None,
        type=Path,
        metavar="FILE",
        help="TOML or JSON with what is to go wrong, and when: see the README of sandbox/exchange",
    )


async def serve(options: argparse.Namespace) -> None:
    """Run until cancelled or told by SIGTERM or SIGINT. Says its address in one line when it is ready.

    Ends the program with a sentence (SystemExit) if a market file or the port cannot be used.
    """
    try:
        keeper = None if options.state is None else Keeper(options.state)
        venue = kept_venue(options, keeper)
        script = None if options.script is None else read_script(options.script, venue)
        dialect = Dialect(options.dialect)
        async with serving(venue, options.host, options.port, script=script, dialect=dialect) as address:
            print(f"The sandbox venue listens at {address}", flush=True)  # noqa: T201 - the line that callers wait for
            await _until_told()
        if keeper is not None:
            keeper.close()
    except (ValueError, OSError) as problem:
        raise SystemExit(f"The sandbox venue can't start: {problem}") from problem


def kept_venue(options: argparse.Namespace, keeper: Keeper | None) -> Venue:
    """The venue with what it kept of its last run; says so where that can't be gone on from. Raises ValueError."""
    if keeper is None:
        return build_venue(options)
    kept, problem = keeper.read()
    try:
        venue = build_venue(options, kept)
    except Refusal as refusal:
        problem = keeper.set_aside(f"other instruments are played now: {refusal}")
        venue = build_venue(options)
    if problem:
        print(problem, flush=True)  # noqa: T201 - for whoever started it, and the demo shows it
    keeper.begin(venue)
    return venue


def build_venue(options: argparse.Namespace, kept: Kept | None = None) -> Venue:
    """The venue that the options describe; ValueError with a sentence if they can't be met, `Refusal` if `kept` is of
    other instruments."""
    named: list[tuple[str, Path | None]] = options.market or [(name, None) for name in DEFAULT_INSTRUMENTS]
    fee_coin: str | None = options.fee_coin
    names = [name for name, _ in named]
    if len(set(names)) < len(names):
        raise ValueError("an instrument is named twice by --market")
    if fee_coin is not None and not any(name.startswith(f"{fee_coin}/") for name in names):
        raise ValueError(
            f"fees in {fee_coin} need its price: add --market {fee_coin}/{names[0].partition('/')[2]}"
        )
    rate = options.fee / 100
    unit_ms = round(options.candle_seconds * 1000)
    followed: dict[str, Path] = dict(options.hours)
    if unknown := sorted(followed.keys() - {name for name, path in named if path is None}):
        raise ValueError(f"--hours of {', '.join(unknown)}: that is no instrument with made-up prices here")
    markets = [
        following(name, options.seed, followed[name], unit_ms)
        if name in followed
        else _open_market(name, path, options.seed)
        for name, path in named
    ]
    return Venue(
        markets,
        clients=options.account or [DEMO_CLIENT],
        fees=FeePolicy(maker=rate, taker=rate, coin=fee_coin),
        unit_ms=unit_ms,
        kept=kept,
    )


def _open_market(name: str, path: Path | None, seed: int) -> tuple[Pair, Tape]:
    if path is None:
        return seeded_market(name, seed)
    pair, tape, filled = read_market(name, path)
    if filled:
        logger.warning("{}: {} missing candles were filled in flat, without volume", path, filled)
    return pair, tape


async def _until_told() -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    try:
        await told.wait()
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def main() -> None:
    """`python -m sandbox.exchange`."""
    logger.remove()
    logger.add(sys.stderr, level="INFO", diagnose=False)
    parser = argparse.ArgumentParser(prog="pocketdesk sandbox exchange", description=__doc__)
    add_arguments(parser)
    asyncio.run(serve(parser.parse_args()))


def _loopback(text: str) -> str:
    if text not in LOOPBACK:
        raise argparse.ArgumentTypeError(f"the sandbox venue listens on loopback only: {', '.join(LOOPBACK)}")
    return text


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"“{text}” is not a port; give a number from 0 to 65535")
    return int(text)


def _market(text: str) -> tuple[str, Path | None]:
    name, _, file = text.partition("=")
    try:
        split_name(name)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
    return name, Path(file) if file else None


def _hours(text: str) -> tuple[str, Path]:
    name, file = _market(text)
    if file is None:
        raise argparse.ArgumentTypeError("write it as NAME=FILE, such as BTC/USDT=BTC_USDT-1h.csv.gz")
    return name, file


def _candle_seconds(text: str) -> float:
    allowed = [ms / 1000 for ms in UNITS_MS]
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if seconds not in allowed:
        raise argparse.ArgumentTypeError(
            f"a candle can last {', '.join(f'{s:g}' for s in allowed)} seconds, not {text}"
        )
    return seconds


def _account(text: str) -> Client:
    parts = text.split(":")
    if len(parts) != 3 or not all(parts):
        raise argparse.ArgumentTypeError(
            "write an account as KEY:SECRET:COIN=AMOUNT,…, such as my-test-key:secret:USDT=1000"
        )
    balances: dict[str, Decimal] = {}
    for item in parts[2].split(","):
        coin, _, amount = item.partition("=")
        balances[coin] = _amount(item, amount)
    return Client(parts[0], parts[1], balances)


def _amount(item: str, amount: str) -> Decimal:
    try:
        value = Decimal(amount)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or value < 0:
        raise argparse.ArgumentTypeError(f"“{item}” is not a coin with an amount, such as USDT=1000")
    return value


def _fee(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not 0 <= value < 10:
        raise argparse.ArgumentTypeError(f"the fee is a percentage from 0 to 10, not {text}")
    return value
