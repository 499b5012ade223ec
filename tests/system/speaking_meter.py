"""Let the simulated house's meter speak until killed, where a serial adapter would be.

Runs inside a machine, as `speaking_meter.py PATH SINCE`, beside a copy of the package. SINCE
(UTC seconds) is when the meter was put in, so that its counters go on after another boot.
"""

import os
import shutil
import sys

from slimmemeter.demo.household import START_GAS_DM3, START_WH, House
from slimmemeter.demo.meter import SpeakingMeter


def main(path: str, since: str) -> None:
    """Link the meter's pseudo-terminal to PATH, for whom Debian lets use a serial port."""
    meter = SpeakingMeter(House(int(since), START_WH, START_GAS_DM3))
    shutil.chown(meter.port, "root", "dialout")
    os.chmod(meter.port, 0o660)
    os.symlink(meter.port, path)
    meter.start()
    meter.join()


if __name__ == "__main__":
    main(*sys.argv[1:])
