"""`/metrics`, as Prometheus takes it."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from slimmemeter import clock
from support.contracts import with_contract
from support.debian import needs
from support.pages import client_of
from support.paths import ROOT
from support.programs import free_port
from support.readings import DAY, MONDAY
from support.serving import Server
from support.waiting import until


def blocks() -> dict[str, str]:
    """The YAML of the documentation, by what it is for."""
    text = (ROOT / "docs/prometheus.md").read_text()
    return dict(re.findall(r"```yaml (\w+)\n(.*?)```", text, re.DOTALL))


def test_counters_are_those_of_now_json(client: FlaskClient) -> None:
    """Registers, gas and power have the same values in both."""
    now = client.get("/now.json").json
    assert now is not None
    answer = client.get("/metrics")
    assert answer.content_type.startswith("text/plain; version=0.0.4")
    values = dict(line.rsplit(" ", 1) for line in answer.text.splitlines() if line[0] != "#")
    for direction in ("import", "export"):
        for tariff in (1, 2):
            shown = values[f'slimmemeter_{direction}_kwh_total{{tariff="{tariff}"}}']
            assert float(shown) == now[f"{direction}_t{tariff}_kwh"]
    assert float(values["slimmemeter_gas_m3_total"]) == now["gas_m3"]
    assert float(values["slimmemeter_power_import_watts"]) == now["power_import_w"]
    assert "slimmemeter_price_eur_per_kwh" not in values


def test_prices_are_there_with_a_contract(
    house_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the next kWh costs and brings, and what today has cost."""
    monkeypatch.setattr(clock, "now", lambda: MONDAY + 3 * DAY - 300)
    text = client_of(with_contract(house_database, tmp_path)).get("/metrics").text
    for name in ("price_eur_per_kwh", "feed_in_eur_per_kwh", "cost_today_eur"):
        assert re.search(rf"^slimmemeter_{name} [\d.]+$", text, re.MULTILINE), name


@pytest.mark.servers
def test_promtool_is_content(client: FlaskClient, tmp_path: Path) -> None:
    """With the metrics, the scrape configuration and the alerts of the documentation."""
    promtool = needs("promtool", "prometheus")
    found = client.get("/metrics").data
    subprocess.run([promtool, "check", "metrics"], input=found, check=True, timeout=60)
    for name, command in (("prometheus", "config"), ("alerts", "rules")):
        file = tmp_path / f"{name}.yml"
        file.write_text(blocks()[name])
        subprocess.run([promtool, "check", command, str(file)], check=True, timeout=60)
    test = tmp_path / "test.yml"
    test.write_text(
        f"rule_files: [{tmp_path}/alerts.yml]\nevaluation_interval: 5m\ntests:\n"
        "  - interval: 5m\n    input_series:\n"
        "      - {series: slimmemeter_reading_age_seconds, values: 60 7200}\n"
        "      - {series: slimmemeter_last_pull_exit_code, values: 0 3 3 3 3 3}\n"
        "      - {series: slimmemeter_backup_age_seconds, values: 60 400000}\n"
        "    alert_rule_test:\n"
        + "".join(
            f"      - {{eval_time: {at}m, alertname: {name}, exp_alerts: {alerts}}}\n"
            for name, at, alerts in (
                ("NoReadings", 0, []),
                ("PullFails", 10, []),
                ("BackupIsOld", 0, []),
            )
        )
    )
    subprocess.run([promtool, "test", "rules", str(test)], check=True, timeout=60)


@pytest.mark.servers
def test_real_prometheus_scrapes_it(server: Server, tmp_path: Path) -> None:
    """It has the register that `/now.json` has."""
    prometheus, port = needs("prometheus", "prometheus"), free_port()
    config = tmp_path / "prometheus.yml"
    target = server.url.removeprefix("http://")
    config.write_text(
        "scrape_configs:\n  - job_name: slimmemeter\n    scrape_interval: 1s\n"
        f"    static_configs: [{{targets: ['{target}']}}]\n"
    )
    command = [prometheus, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data"]
    process = subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL
    )
    wanted = urllib.parse.quote('slimmemeter_import_kwh_total{tariff="1"}')
    url = f"http://127.0.0.1:{port}/api/v1/query?query={wanted}"

    def scraped() -> list[str]:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                results = json.load(answer)["data"]["result"]
        except OSError:
            return []
        return [each["value"][1] for each in results]

    try:
        until(scraped)
        with urllib.request.urlopen(f"{server.url}/now.json") as answer:
            assert float(scraped()[0]) == json.load(answer)["import_t1_kwh"]
    finally:
        process.terminate()
        process.wait(timeout=60)
