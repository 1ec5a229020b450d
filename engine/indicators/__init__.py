"""Indicators by TA-Lib on float64 arrays: same length as what goes in, NaN where there is not enough history yet.

Definitions: https://ta-lib.org/functions/. Those with a memory (EMA, RSI, MACD, ATR, ADX) depend on where the
array begins; a caller who wants the same value every time gives the same number of candles every time.
"""

from engine.indicators.averages import Macd, ema, macd, sma
from engine.indicators.ranges import Bands, adx, atr, bollinger, rsi

__all__ = ["Bands", "Macd", "adx", "atr", "bollinger", "ema", "macd", "rsi", "sma"]
