"""``python -m hwperf``. This module starts the command line."""

import sys

from hwperf.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
