"""`python -m sandbox.telegram`."""

import sys

from sandbox.telegram.cli import main

sys.exit(main())
