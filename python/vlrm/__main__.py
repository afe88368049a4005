"""python -m vlrm: the command."""

import sys

from vlrm._launch import main

sys.exit(main())
