"""Random and mutated input for all that reads bytes of others; see `__main__`."""

import sys
from pathlib import Path

# The command finds the helpers of other tests where pytest does, by its settings.
_TESTS = Path(__file__).parents[1]
sys.path += [path for name in (".", "faults", "unit", "wire") if (path := str(_TESTS / name)) not in sys.path]
