"""What trading is, without any I/O: pure functions over frozen values.

Nothing here reads a clock, a file, a socket or a random number. Time comes with each input.
"""
