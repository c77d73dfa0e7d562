"""The one place that reads the environment; everything else is handed a `Settings`."""

import os
from pathlib import Path
from typing import Any, Final

from pydantic import Field, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.limits.rules import read_rates

SCHEMES = frozenset({"postgresql", "postgresql+asyncpg", "postgres"})


#: Settings that hold a password. Each may also be given as the name of a file that holds it; none has a default.
SECRETS: Final = ("database_url", "owner_database_url", "smtp_password")


class SecretFiles(PydanticBaseSettingsSource):
    """Reads a secret from the file that the variable of its name with `_FILE` behind it names."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[str | None, str, bool]:
        """Return the content of the file, without the line's end; None where no file is named.

        Raises:
            ValueError: the file cannot be read.
        """
        del field
        variable = f"XINYONG_{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if field_name not in SECRETS or not path:
            return None, field_name, False
        try:
            return Path(path).read_text("utf-8").strip(), field_name, False
        except OSError as error:
            raise ValueError(f"{variable} names a file that cannot be read: {error}") from error

    def __call__(self) -> dict[str, Any]:
        """Return the secrets that are in files."""
        found = {name: self.get_field_value(FieldInfo(), name)[0] for name in SECRETS}
        return {name: value for name, value in found.items() if value}


class Settings(BaseSettings):
    """What an operator may set, as environment variables with the prefix `XINYONG_`.

    Legal periods and day counts are not settings: they are rows of the rulebook with a citation.
    """

    model_config = SettingsConfigDict(env_prefix="XINYONG_", frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: str | None = Field(
        default=None, description="An existing PostgreSQL 15+. Without it the embedded server is used."
    )
    owner_database_url: str | None = Field(
        default=None, description="The same database by the role that owns the schema, for `xinyong migrate` alone."
    )
    data_dir: Path = Field(
        default=Path(".xinyong"), description="Where the embedded database, uploads and demo keys live."
    )
    signing_key_file: Path | None = Field(
        default=None, description="A private Ed25519 key in PEM. Without it one is made below the data directory."
    )
    audit_dir: Path | None = Field(
        default=None, description="Where the signed copy of the audit chain lives. None: `audit` in the data directory."
    )
    export_share: float = Field(
        default=0.5, gt=0, le=1, description="Share of the time that building a release may take; it rests in between."
    )
    feeds_dir: Path | None = Field(
        default=None, description="Folder of the feeds' definition files. None: `feeds` in the data directory."
    )
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port the API listens on.")
    pool_size: int = Field(default=10, ge=1, le=200, description="Database connections of one API process.")
    statement_timeout_ms: int = Field(
        default=30_000, ge=100, description="Longest a statement of a request may run, in milliseconds."
    )
    lock_timeout_ms: int = Field(
        default=10_000, ge=100, description="Longest a statement of a request may wait for a lock, in milliseconds."
    )
    idle_timeout_ms: int = Field(
        default=60_000, ge=1000, description="Longest a transaction of a request may do nothing, in milliseconds."
    )
    request_timeout_s: float = Field(
        default=60, gt=0, description="Longest a request may take, uploads and streams excepted, in seconds."
    )
    client_timeout_s: float = Field(
        default=20, gt=0, description="Longest a client may send or read nothing, in seconds."
    )
    max_in_flight: int = Field(
        default=200, ge=1, description="Requests one API process works on at a time; more are told to come again."
    )
    max_streams: int = Field(default=10_000, ge=1, description="Streams of changes that one API process keeps open.")
    rate_key: str = Field(
        default="200000/10 seconds; 20000000/hour",
        description="Units of work that one key may ask; `off` for no limit.",
    )
    rate_address: str = Field(
        default="1000/10 seconds; 60000/hour", description="The same for one address that asks without a key."
    )
    rate_refused: str = Field(
        default="100/minute; 1000/hour", description="Keys that one address may send in vain before it has to wait."
    )
    cors_origins: str = Field(
        default="", description="Origins whose pages may call the API, divided by commas; `*` for all, none by default."
    )
    trusted_proxies: str = Field(
        default="",
        description="Addresses or networks of proxies, divided by commas, whose X-Forwarded-For is believed.",
    )
    max_upload_bytes: int = Field(
        default=2 * 1024**3, ge=1024, description="Largest file that an import accepts, in bytes."
    )
    max_sheet_cells: int = Field(
        default=40_000_000, ge=1000, description="Largest spreadsheet sheet that an import reads, rows times columns."
    )
    job_poll_ms: int = Field(
        default=200, ge=10, le=60_000, description="How often the job process looks for work, in milliseconds."
    )
    max_staleness: float = Field(
        default=2,
        ge=0,
        le=60,
        description="Longest that the status store may be unconfirmed and still answer, in seconds.",
    )
    audit: str = Field(
        default="strict",
        pattern="^(strict|grouped)$",
        description="strict: an answer waits until its audit entry is committed; grouped: it does not.",
    )
    webhook_loopback: bool = Field(
        default=False, description="Webhooks may be on this machine itself, by http too: for development only."
    )
    alert_webhook: str | None = Field(
        default=None,
        description="Address that is sent alerts by POST: what is overdue, failed or stopped. None: no one.",
    )
    alert_mail: str | None = Field(
        default=None, description="Addresses that are sent alerts by mail, parted by commas; needs a mail server."
    )
    acknowledge_hours: float = Field(
        default=24,
        gt=0,
        description="Hours in which a platform has to confirm a take-down that its webhook was told of.",
    )
    screening_days: float = Field(
        default=7, gt=0, le=366, description="Days that the result of a screening is kept, at most."
    )
    oidc_config: Path | None = Field(
        default=None, description="TOML file of the OIDC issuers whose tokens are believed. Without it: keys only."
    )
    site_url: str | None = Field(
        default=None,
        description="Address at which people reach the site, for sign-in by OIDC; none is needed without it.",
    )
    smtp_host: str | None = Field(default=None, description="Mail server for notices. Without it none are sent.")
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Port of the mail server.")
    smtp_tls: str = Field(
        default="starttls",
        pattern="^(starttls|tls|none)$",
        description="How the mail server is spoken to: starttls, tls, or none (inside one machine only).",
    )
    smtp_user: str | None = Field(default=None, description="Name at the mail server, where it asks for one.")
    smtp_password: str | None = Field(default=None, description="Its password; better in a file (`_FILE`).")
    mail_from: str = Field(default="xinyong@localhost", description="Sender of notices.")
    telemetry: bool = Field(
        default=False, description="Spans and metrics for OpenTelemetry, by its own variables OTEL_…; off without them."
    )
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="Least severe log line.")

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None and value.split("://", 1)[0] not in SCHEMES:
            raise ValueError("it begins with postgresql://, as in postgresql://user:password@host:5432/xinyong")
        return value

    @field_validator("rate_key", "rate_address", "rate_refused")
    @classmethod
    def _is_rates(cls, value: str) -> str:
        read_rates(value)
        return value

    @field_validator("data_dir", "signing_key_file", "audit_dir", "feeds_dir")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    def origins(self) -> list[str]:
        """Return the origins whose pages may call the API."""
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read secrets from the files that `XINYONG_…_FILE` name, too; the environment itself comes first."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, SecretFiles(settings_cls)

    def sqlalchemy_url(self) -> str | None:
        """Return the database URL in the form SQLAlchemy's asyncpg dialect takes, or None for the embedded server."""
        return None if self.database_url is None else _for_asyncpg(self.database_url)

    def audit_folder(self) -> Path:
        """Return the folder of the audit chain's files outside the database."""
        return self.audit_dir or self.data_dir / "audit"

    def feeds_folder(self) -> Path:
        """Return the folder of the feeds' definition files."""
        return self.feeds_dir or self.data_dir / "feeds"

    def owner_url(self) -> str | None:
        """Return the URL by which the schema is migrated: the owner's, where one is set, else the server's."""
        return self.sqlalchemy_url() if self.owner_database_url is None else _for_asyncpg(self.owner_database_url)


def _for_asyncpg(url: str) -> str:
    return f"postgresql+asyncpg://{url.split('://', 1)[1]}"
