"""`python -m mockapi`."""

import sys

from mockapi.cli import main

if __name__ == "__main__":
    sys.exit(main())
