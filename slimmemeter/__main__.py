"""`python -m slimmemeter` is `slimmemeter`."""

from slimmemeter.cli import main

main()
