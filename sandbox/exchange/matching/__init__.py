"""Orders, balances and fills as pure data and functions: no I/O, no HTTP and no clock in here."""
