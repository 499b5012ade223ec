"""Let the simulated house's meter speak until killed, where a serial adapter would be.

Runs inside a machine, as `speaking_meter.py PATH`, beside a copy of the package.
"""

import os
import shutil
import sys
import time

from slimmemeter.household import START_GAS_DM3, START_WH, House, SpeakingMeter


def main(path: str) -> None:
    """Link the meter's pseudo-terminal to PATH, for whom Debian lets use a serial port."""
    meter = SpeakingMeter(House(int(time.time()), START_WH, START_GAS_DM3))
    shutil.chown(meter.port, "root", "dialout")
    os.chmod(meter.port, 0o660)
    os.symlink(meter.port, path)
    meter.start()
    meter.join()


if __name__ == "__main__":
    main(sys.argv[1])
