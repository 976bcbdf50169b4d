"""Settings of the server: flags, then ``TRIMTAB_…`` environment variables, then defaults."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, CliApp, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

ENVIRONMENT_PREFIX: Final = "TRIMTAB_"
_UNIX: Final = "unix:"

Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]


class SettingsError(Exception):
    """A setting is wrong. The message names it, by flag and by environment variable."""


class Settings(BaseSettings):
    """Everything that can be set. Sizes are in MiB, times in seconds.

    What the constructor is given are defaults: a variable of the environment counts more, and a flag most.
    """

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENVIRONMENT_PREFIX,
        cli_prog_name="trimtab serve",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_hide_none_type=True,
        cli_show_env_vars=True,
        json_schema_extra={"description": "Serve planning over gRPC until SIGTERM or Ctrl-C."},
    )

    listen: str = Field(
        default="127.0.0.1:50051", description="address to listen on, HOST:PORT (port 0: any) or unix:PATH"
    )
    allow_remote: bool = Field(
        default=False, description="listen on other addresses than loopback, without encryption or authentication"
    )
    metrics_listen: str = Field(
        default="", description="address of metrics for Prometheus over HTTP, HOST:PORT (port 0: any); empty: none"
    )
    policy: Path | None = Field(default=None, description="folder with the server's own policy; empty: none")
    policy_interval_s: Seconds = Field(
        default=2.0, description="time between two looks at the policy folder; SIGHUP looks at once"
    )
    workers: int = Field(
        default=max(1, (os.cpu_count() or 2) // 2), ge=1, le=1024, description="requests solved at one time"
    )
    solver_threads: int = Field(default=2, ge=1, le=256, description="threads of one solver")
    queue: int = Field(default=4, ge=0, le=10_000, description="requests that may wait for a solver")
    default_budget_s: Seconds = Field(default=10.0, description="time to solve when the request does not limit it")
    max_budget_s: Seconds = Field(default=300.0, description="the most time to solve that a request may have")
    overrun_s: Seconds = Field(
        default=30.0,
        description="time after its budget at which a solver is ended, if not earlier for half a budget and a second",
    )
    memory_mib: int = Field(default=8192, ge=128, description="address space of one solver, its engines not counted")
    message_mib: int = Field(default=64, ge=1, le=2047, description="the largest message to receive or send")
    connections: int = Field(default=1000, ge=1, le=100_000, description="connections at one time")
    progress_interval_s: Seconds = Field(default=0.25, description="least time between two progress reports")
    remembered_answers: int = Field(default=1000, ge=0, description="answers kept for repeated requests")
    remembered_mib: int = Field(default=64, ge=0, description="size of the answers kept")
    reflection: bool = Field(default=False, description="serve gRPC reflection")
    grace_s: Seconds = Field(default=30.0, description="time to finish requests after SIGTERM")
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = Field(
        default="info", description="debug, info, warning or error"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic's
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Where values come from beside flags, the first counts most. An empty variable says nothing."""
        return (EnvSettingsSource(settings_cls, env_ignore_empty=True), init_settings)

    @field_validator("policy", mode="before")
    @classmethod
    def _empty_is_none(cls, policy: object) -> object:
        return None if policy == "" else policy

    @field_validator("policy")
    @classmethod
    def _is_there(cls, policy: Path | None) -> Path | None:
        if policy is not None and not policy.exists():
            raise ValueError(f"{policy} does not exist")
        return policy

    @field_validator("listen")
    @classmethod
    def _can_be_listened_on(cls, value: str) -> str:
        if not (value.startswith(_UNIX) and value != _UNIX) and not _has_host_and_port(value):
            raise ValueError(f"{value!r} is no address; write HOST:PORT, for example 127.0.0.1:50051, or unix:PATH")
        return value

    @field_validator("metrics_listen")
    @classmethod
    def _can_be_scraped(cls, value: str) -> str:
        if value and not _has_host_and_port(value):
            raise ValueError(f"{value!r} is no address; write HOST:PORT, for example 127.0.0.1:9090")
        return value

    @property
    def metrics_address(self) -> tuple[str, int] | None:
        """Host and port of the metrics, if they are wanted."""
        host, _, port = self.metrics_listen.rpartition(":")
        return (host.strip("[]"), int(port)) if host else None

    @model_validator(mode="after")
    def _stays_local(self) -> Self:
        for name, address in (("--listen", self.listen), ("--metrics-listen", self.metrics_listen)):
            if not self.allow_remote and address and not _is_local(address):
                raise ValueError(
                    f"{name}: {address} can be reached from other machines, and there is no encryption and no "
                    "authentication; use a loopback address, or allow it with --allow-remote"
                )
        return self

    @model_validator(mode="after")
    def _default_budget_is_allowed(self) -> Self:
        if self.default_budget_s > self.max_budget_s:
            raise ValueError(f"default_budget_s: {self.default_budget_s:g} is more than max_budget_s")
        return self


def read_settings(arguments: Sequence[str], **defaults: Any) -> Settings:
    """Settings from flags such as ``--max-budget-s 60``, variables such as ``TRIMTAB_MAX_BUDGET_S=60``, `defaults`.

    Raises
    ------
    SettingsError
        A value is wrong, or there is no setting of that name.
    SystemExit
        For ``--help`` and for unknown flags, after a message.
    """
    for variable, value in os.environ.items():
        name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        if value and variable.startswith(ENVIRONMENT_PREFIX) and name not in Settings.model_fields:
            raise SettingsError(f"{variable}: there is no such setting")
    try:
        return CliApp.run(Settings, cli_args=list(arguments), **defaults)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(fault) for fault in error.errors())) from error


def _sentence(fault: Any) -> str:
    message = str(fault["msg"]).removeprefix("Value error, ")
    if not fault["loc"]:
        return message
    name = str(fault["loc"][0])
    return f"{name} (--{name.replace('_', '-')}, {ENVIRONMENT_PREFIX}{name.upper()}) is {fault['input']!r}: {message}"


def _has_host_and_port(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and int(port) < 1 << 16


def _is_local(address: str) -> bool:
    if address.startswith(("unix:", "unix-abstract:")):
        return True
    host = address.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
