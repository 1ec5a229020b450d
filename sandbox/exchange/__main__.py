"""`python -m sandbox.exchange` runs the venue."""

from sandbox.exchange.cli import main

if __name__ == "__main__":
    main()
