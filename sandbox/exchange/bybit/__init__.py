"""The dialect of Bybit (REST, v5, spot, unified account) over the venue."""
