"""The shortest pull on smeterd: one telegram from a port into one row. PORT DATABASE."""

import sqlite3
import sys

import serial
from smeterd.meter import SmartMeter

serial.Serial.rts = None  # a pseudo-terminal has no RTS, and smeterd insists
packet = SmartMeter(sys.argv[1], baudrate=115200, bytesize=8, parity="N").read_one_packet()
kwh = packet["kwh"]
registers = [kwh[tariff][way] for way in ("consumed", "produced") for tariff in ("low", "high")]
values = (packet["timestamp"], *registers, kwh["current_consumed"], packet["gas"]["total"])
with sqlite3.connect(sys.argv[2]) as database:
    database.execute("INSERT INTO readings VALUES (?, ?, ?, ?, ?, ?, ?)", values)
