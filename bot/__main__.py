"""`python -m bot` is `pocketdesk`."""

from bot.cli import main

raise SystemExit(main())
