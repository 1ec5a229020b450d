"""The dialect of OKX (REST, v5, spot) over the venue."""
