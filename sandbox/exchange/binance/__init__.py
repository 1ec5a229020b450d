"""Binance's spot dialect over the venue: paths, fields, signatures, error codes and streams."""
