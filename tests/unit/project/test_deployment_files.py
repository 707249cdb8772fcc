"""docker-compose.yml, the Dockerfile and the scripts say the same and name what exists."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import yaml

from mockapi.settings import NAMES

ROOT = Path(__file__).parents[3]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICE_KEYS = {
    "build", "image", "command", "environment", "ports", "healthcheck", "depends_on", "volumes",
}  # fmt: skip
INSTRUCTIONS = {
    "FROM",
    "WORKDIR",
    "COPY",
    "RUN",
    "ENV",
    "EXPOSE",
    "HEALTHCHECK",
    "ENTRYPOINT",
    "CMD",
}


def test_compose_file_holds_to_the_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*command, str(ROOT / "docker-compose.yml")], text=True, capture_output=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "ok -- validation done\n"), done.stdout


def test_compose_services_have_known_keys_and_a_source() -> None:
    for service in COMPOSE["services"].values():
        assert set(service) <= SERVICE_KEYS
        assert ("build" in service) != ("image" in service)


def test_the_example_waits_for_the_health_check() -> None:
    services = COMPOSE["services"]
    assert services["tests"]["depends_on"] == {"mockapi": {"condition": "service_healthy"}}
    check = services["mockapi"]["healthcheck"]
    assert check["test"][0] == "CMD" and "/readyz" in check["test"][-1]
    assert {"interval", "timeout", "retries"} <= set(check)


def test_the_served_options_and_variables_exist() -> None:
    service = COMPOSE["services"]["mockapi"]
    options = [word for word in service["command"] if word.startswith("--")]
    assert all(option[2:].replace("-", "_") in NAMES for option in options)
    variables = [name for name in service["environment"] if name.startswith("MOCKAPI_")]
    assert all(name[len("MOCKAPI_") :].lower() in NAMES for name in variables)


def test_mounted_folders_exist() -> None:
    for service in COMPOSE["services"].values():
        for volume in service.get("volumes", ()):
            assert (ROOT / volume.split(":")[0]).is_dir()


def test_the_dockerfile_uses_known_instructions_and_runs_mockapi() -> None:
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert {shlex.split(line)[0] for line in lines} <= INSTRUCTIONS
    assert lines[0].startswith("FROM python:3.")
    assert 'ENTRYPOINT ["mockapi"]' in lines
    assert any(line.startswith("HEALTHCHECK") and "/readyz" in line for line in lines)


def test_scripts_can_be_run() -> None:
    for name in ("scripts/serve", "scripts/test", "scripts/peers", ".ci/run"):
        assert (ROOT / name).stat().st_mode & 0o111
