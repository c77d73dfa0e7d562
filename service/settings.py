"""The one place that reads the environment; everything else is handed a `Settings`."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SCHEMES = frozenset({"postgresql", "postgresql+asyncpg", "postgres"})


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
    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8000, ge=1, le=65535, description="Port the API listens on.")
    pool_size: int = Field(default=10, ge=1, le=200, description="Database connections of one API process.")
    statement_timeout_ms: int = Field(
        default=30_000, ge=100, description="Longest a statement of a request may run, in milliseconds."
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
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="Least severe log line.")

    @field_validator("database_url", "owner_database_url")
    @classmethod
    def _is_postgresql(cls, value: str | None) -> str | None:
        if value is not None and value.split("://", 1)[0] not in SCHEMES:
            raise ValueError("it begins with postgresql://, as in postgresql://user:password@host:5432/xinyong")
        return value

    @field_validator("data_dir", "signing_key_file")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return None if value is None else value.expanduser().absolute()

    def sqlalchemy_url(self) -> str | None:
        """Return the database URL in the form SQLAlchemy's asyncpg dialect takes, or None for the embedded server."""
        return None if self.database_url is None else _for_asyncpg(self.database_url)

    def owner_url(self) -> str | None:
        """Return the URL by which the schema is migrated: the owner's, where one is set, else the server's."""
        return self.sqlalchemy_url() if self.owner_database_url is None else _for_asyncpg(self.owner_database_url)


def _for_asyncpg(url: str) -> str:
    return f"postgresql+asyncpg://{url.split('://', 1)[1]}"
