"""The dialect of OKX (v5, spot: REST and the user streams) over the venue."""
