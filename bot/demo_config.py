"""The demo's settings: two instruments, candles of one second, and presets that make two or three trades a minute.

That is slow enough to be read along, and from wherever the market begins the first trade comes within a minute. The
preset `swing` is there to be started from the chat. The key is the one of the account that the stand-in opens, so that
going live can be tried: what it trades there is as real as the market is.
"""

from __future__ import annotations

from pathlib import Path

from storage.private import close_made

HOURS = Path(__file__).parents[1] / "sandbox" / "exchange" / "market" / "hours"
TOKEN = "1:sandbox"  # worth nothing: of the local stand-in  # nosec B105
KEY, SECRET = "sandbox-key", "sandbox-secret"  # of the account that the stand-in's market opens  # nosec B105

_TEMPLATE = """# Written by `pocketdesk demo` at each start; changes here are lost.

[telegram]
token = "{token}"
api_base = "{chat}"

[storage]
path = "pocketdesk.db"

[logs]
folder = "logs"

[connections.demo]
venue = "binance"
rest_url = "{market}"
stream_url = "{stream}"
starting_balance = 10000
initial_state = "running"
live = true
key = "{key}"
secret = "{secret}"
presets = ["cross", "dip"]
limits = {{ instrument_exposure = "40%", daily_loss = {{ warn = "5%", no_entries = "10%", halt = "20%" }}, \
drawdown = {{ warn = "10%", no_entries = "20%", halt = "30%" }} }}

[presets.cross]
strategy = "moving_average_cross"
symbols = ["BTC/USDT", "ETH/USDT"]
timeframes = ["1s"]
parameters = {{ fast = 10, slow = 30, trend = 60 }}
size = {{ share = "10%" }}
exits = {{ stop_loss = "3%", take_profit = "5%" }}

[presets.dip]
strategy = "rsi_bollinger_reversion"
symbols = ["ETH/USDT"]
timeframes = ["1s"]
parameters = {{ rsi_period = 10, oversold = 35, band_period = 30, deviations = 1.5 }}
size = {{ risk = "0.4%" }}
exits = {{ stop_loss = "4%", take_profit = "off", time_limit = "3m" }}

[presets.swing]
strategy = "macd_atr"
symbols = ["BTC/USDT"]
timeframes = ["1s"]
parameters = {{ fast = 24, slow = 52, signal = 18, stop_atr = 4, take_profit_atr = 8, least_adx = 20 }}
size = {{ share = "10%" }}
exits = {{ stop_loss = "4%", take_profit = "8%", trailing = "3%" }}
"""


def write_config(folder: Path, chat: str, market: str) -> Path:
    """Write the demo's config file; `chat` and `market` are the addresses of the stand-ins."""
    stream = market.replace("http", "ws", 1)
    text = _TEMPLATE.format(token=TOKEN, key=KEY, secret=SECRET, chat=chat, market=market, stream=stream)
    path = folder / "config.toml"
    path.touch(mode=0o600)
    close_made(path)
    path.write_text(text, encoding="utf-8")
    return path


def market_options() -> list[str]:
    """What the sandbox venue plays: prices that go through real hours, one an hour, on seconds that are made up."""
    options = ["--seed", "6"]  # its first minutes have trades of both kinds, gains and losses
    for base in ("BTC", "ETH"):
        symbol = f"{base}/USDT"
        options += ["--market", symbol, "--hours", f"{symbol}={HOURS / f'{base}_USDT-1h.csv.gz'}"]
    return options
