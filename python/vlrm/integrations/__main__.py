"""Prints the path of the file for a trainer that takes one: python -m vlrm.integrations swift"""

import sys
from pathlib import Path

files = {file.stem.removeprefix("vlrm_"): file for file in sorted(Path(__file__).resolve().parent.glob("files/vlrm_*.py"))}
if len(sys.argv) != 2 or sys.argv[1] not in files:
    sys.exit(f"python -m vlrm.integrations NAME prints the path of a trainer's file; NAME is one of {', '.join(files)}")
print(files[sys.argv[1]])
