"""Reads a smart meter's P1 port every five minutes and shows the house's electricity and gas.

Two programs around one SQLite file. Data flows one way, and so do the imports:

    serial line -> line -> p1 -> store -> SQLite file                         p1-pull
                   SQLite file -> store -> history -> i18n -> charts -> web -> browser

`pull` is the first program, `cli` starts the second.
"""

__version__ = "1.0.0"
