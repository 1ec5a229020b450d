"""The dialect of Bybit (v5, spot, unified account: REST and the user stream) over the venue."""
