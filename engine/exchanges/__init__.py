"""Venues: market data through ccxt, and the paper venue that fills orders on live prices.

ccxt is imported nowhere else; floats and the library's errors end here.
"""
