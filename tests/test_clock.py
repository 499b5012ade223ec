"""Which of two clocks gives a reading its instant."""

from __future__ import annotations

import pytest

from slimmemeter.clock import AGREEMENT_S, instant, is_synchronised
from slimmemeter.errors import TelegramError

NOW = 1_795_000_000


def never() -> bool:
    raise AssertionError("clocks that agree need no third opinion")


@pytest.mark.parametrize("off_s", [0, -AGREEMENT_S, AGREEMENT_S, 17])
def test_stamp_that_agrees_is_the_instant(off_s: int) -> None:
    """Within ten minutes the meter's own stamp counts."""
    assert instant(NOW + off_s, NOW, lambda: None, never) == NOW + off_s


@pytest.mark.parametrize("stamp", [None, NOW - AGREEMENT_S - 1, NOW + 3600, NOW - 150 * 86400])
def test_set_computer_corrects_a_wrong_meter(stamp: int | None) -> None:
    """Unset, an hour off, months behind: the time of reception counts."""
    assert instant(stamp, NOW, lambda: NOW - 300, lambda: True) == NOW


def test_meter_corrects_a_computer_that_woke_in_the_past() -> None:
    """Without network after a power cut, the meter's stamp counts if time goes on in it."""
    assert instant(NOW, NOW - 30 * 86400, lambda: NOW - 7200, lambda: False) == NOW
    assert instant(NOW, 0, lambda: None, lambda: False) == NOW


@pytest.mark.parametrize("stamp", [None, NOW - 7200, NOW - 86400])
def test_two_wrong_clocks_make_no_reading(stamp: int | None) -> None:
    """A stamp that isn't later than the newest reading is no help either."""
    with pytest.raises(TelegramError, match="neither the meter nor this computer knows the time"):
        instant(stamp, 0, lambda: NOW - 7200, lambda: False)


def test_kernel_answers() -> None:
    """The real call works here, whatever it says."""
    assert is_synchronised() in (True, False)
