"""A stand-in venue on loopback: Binance's spot REST and websocket dialect over a pure matching engine."""
