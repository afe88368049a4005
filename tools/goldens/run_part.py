"""Makes one part, in the environment that it is run in: run_part.py NAME OUT WORK [CHECKOUT=DIR …]"""

import importlib
import sys
from pathlib import Path

from parts.place import Place

name, out, work, *checkouts = sys.argv[1:]
place = Place(Path(out), Path(work), {key: Path(value) for key, value in (each.split("=", 1) for each in checkouts)})
if "mergekit" in place.checkouts:
    sys.path.append(str(place.checkouts["mergekit"]))  # a checkout is used as it is, not installed
importlib.import_module(f"parts.{name}").make(place)
