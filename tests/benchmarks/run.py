"""Measures what a pull, a parse and a picture cost beside other programs; prints a table.

`python tests/benchmarks/run.py [--write] [ROW...]`; without rows, all of them. `--write` puts the
results into docs/benchmarks.md. It needs the extra `benchmark` and Debian's rrdtool. Nothing passes
or fails here: machines differ, ratios don't.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.append(str(Path(__file__).parents[1]))  # for `support`
    from rows import main

    main()
