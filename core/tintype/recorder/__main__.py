"""The process that records; see `run`."""

import sys

from tintype.recorder.run import main

if __name__ == "__main__":
    sys.exit(main())
