"""Settings from flags and environment."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from trimtab_server.config import Settings, SettingsError, read_settings


def test_defaults_are_local_and_bounded() -> None:
    """Without any setting the server listens on loopback and limits time, memory and message size."""
    settings = read_settings([])
    assert settings == Settings()
    assert settings.listen == "127.0.0.1:50051"
    assert (settings.memory_mib, settings.message_mib, settings.reflection) == (8192, 64, False)


def test_flags_win_over_variables_and_variables_over_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All three are read; variables of others and empty ones are left alone."""
    for variable, value in {"WORKERS": "3", "GRACE_S": "7.5", "POLICY": ""}.items():
        monkeypatch.setenv(f"TRIMTAB_{variable}", value)
    flags = ["--workers", "5", "--reflection", "--listen", "[::1]:50051"]
    settings = read_settings(flags, workers=7, grace_s=8, queue=9, policy=tmp_path)
    assert (settings.workers, settings.grace_s, settings.queue, settings.reflection) == (5, 7.5, 9, True)
    assert (settings.policy, settings.listen) == (tmp_path, "[::1]:50051")


def test_an_empty_flag_takes_the_policy_away(tmp_path: Path) -> None:
    """`--policy ""` serves without a policy of its own, whatever the default."""
    assert read_settings(["--policy", ""], policy=tmp_path).policy is None
    assert read_settings(["--reflection", "--no-reflection"]).reflection is False


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [name for name in os.environ if name.startswith("TRIMTAB_")]:
        monkeypatch.delenv(variable)


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        ([], {"TRIMTAB_WORKERZ": "3"}, "TRIMTAB_WORKERZ: there is no such setting"),
        ([], {"TRIMTAB_WORKERS": "many"}, "workers (--workers, TRIMTAB_WORKERS) is 'many'"),
        (["--max-budget-s", "nan"], {}, "max_budget_s"),
        (["--default-budget-s", "20", "--max-budget-s", "10"], {}, "is more than max_budget_s"),
        (["--listen", "192.0.2.1:1"], {}, "can be reached from other machines"),
        (["--listen", "nonsense"], {}, "'nonsense' is no address; write HOST:PORT, for example 127.0.0.1:50051, or"),
        (["--listen", "127.0.0.1:99999"], {}, "'127.0.0.1:99999' is no address"),
        (["--listen", "unix:"], {}, "'unix:' is no address"),
        (["--listen", "example.org:1"], {}, "can be reached from other machines"),
        (["--metrics-listen", "0.0.0.0:9090"], {}, "--metrics-listen: 0.0.0.0:9090 can be reached from other machines"),
        (["--metrics-listen", "9090"], {}, "write HOST:PORT"),
        (["--policy", "/does/not/exist"], {}, "/does/not/exist does not exist"),
        (["--log-level", "loud"], {}, "log_level"),
    ],
)
def test_wrong_settings_are_named(
    arguments: list[str], environment: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error says which setting is wrong and what was given."""
    for variable, value in environment.items():
        monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as error:
        read_settings(arguments)
    assert message in str(error.value)


@pytest.mark.parametrize("address", ["127.0.0.1:0", "[::1]:50051", "localhost:1", "unix:/tmp/t.sock", "127.9.9.9:1"])
def test_local_addresses_need_no_permission(address: str) -> None:
    """Loopback and Unix sockets are local."""
    assert Settings(listen=address).listen == address


def test_remote_addresses_need_permission() -> None:
    """Listening for other machines is a decision somebody writes down."""
    assert read_settings(["--listen", "0.0.0.0:50051", "--allow-remote"]).allow_remote
    with pytest.raises(ValidationError, match=r"--listen: 0\.0\.0\.0:50051 can be reached .* with --allow-remote"):
        Settings(listen="0.0.0.0:50051")


def test_every_setting_has_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    """The help lists every setting with its variable."""
    with pytest.raises(SystemExit):
        read_settings(["--help"])
    text = capsys.readouterr().out
    for name in Settings.model_fields:
        assert f"TRIMTAB_{name.upper()}]" in text
        assert f"--{name.replace('_', '-')}" in text
