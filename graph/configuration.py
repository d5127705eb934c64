"""Where things lie and how to reach them: flag first, then environment, then relparty.toml."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from .errors import UsageError
from .master_scale import CONFIDENCE, ENDS, FLOOR, LGD, MasterScale
from .schema import CURRENCY
from .settings import Settings

FILE = "relparty.toml"


class Configuration(BaseSettings):
    """All settings of the command line; each is also RELPARTY_<NAME> in the environment and a line of relparty.toml."""

    model_config = SettingsConfigDict(env_prefix="RELPARTY_", toml_file=FILE, extra="forbid")

    home: Path = Path("relparty-data")  # register/, store/, models/, runs/ and quarantine/ lie in it
    store: str = "embedded"  # or a Bolt URL: bolt://, neo4j://, with +s or +ssc for TLS
    user: str = "neo4j"
    database: str = "neo4j"
    ca_file: Path | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    currency: str = Field(CURRENCY, pattern="^[A-Z]{3}$")
    sources: tuple[str, ...] = Settings().sources
    persons: Literal["pseudonym", "full", "none"] = "pseudonym"
    conversion: dict[str, float] = {}  # credit conversion factor by kind of exposure
    conversion_otherwise: float = 1.0  # of every other kind
    is_gsib: bool = False  # the bank is a global systemically important one
    gsibs: tuple[str, ...] = ()  # party ids of the others
    anonymous: tuple[str, ...] = ()  # party ids that stand for customers whom nobody can name
    master_scale: tuple[float, ...] = ENDS  # PD with which each grade but the last ends
    pd_floor: float = Field(FLOOR, ge=0, lt=1)  # least PD that counts for capital
    lgd: float = Field(LGD, ge=0, le=1)  # fraction lost of what the bank has lent less collateral
    pd_confidence: float = Field(CONFIDENCE, gt=0, lt=1)  # of the upper bounds of grades with few defaults

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource, dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (pydantic passes all four)
    ) -> tuple[PydanticBaseSettingsSource, ...]:  # fmt: skip
        """Flag, environment, file, in this order."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @field_validator("master_scale")
    @classmethod
    def _rises(cls, ends: tuple[float, ...]) -> tuple[float, ...]:
        if not ends or any(not low < high for low, high in zip((0.0, *ends), (*ends, 1.0), strict=True)):
            raise ValueError("grades end with PDs that rise, each above 0 and below 1")
        return ends

    @property
    def scale(self) -> MasterScale:
        """How PDs are graded."""
        return MasterScale(self.master_scale, self.pd_floor, self.pd_confidence)

    @property
    def settings(self) -> Settings:
        """What changes the content of a snapshot."""
        return Settings(self.currency, self.sources)

    @property
    def secret(self) -> str:
        """The password, from RELPARTY_PASSWORD or the file that password_file names.

        Raises:
            UsageError: neither is given, or there is no such file.
        """
        if self.password is not None:
            return self.password.get_secret_value()
        if self.password_file is None:
            raise UsageError("No password for the store. Set RELPARTY_PASSWORD, or password_file in relparty.toml.")
        try:
            return self.password_file.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise UsageError(f"{self.password_file}: the password file can't be read ({error.strerror}).") from error


def configuration(flags: dict[str, Any]) -> Configuration:
    """The configuration under some flags; a flag that is None was not given.

    Raises:
        UsageError: a setting that does not exist, or a value of the wrong kind.
    """
    try:
        return Configuration(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UsageError(f"setting {where}: {first['msg']}. See the settings in the README.") from error
    except SettingsError as error:
        raise UsageError(f'{error}. In the environment a list is JSON, such as ["bank", "gleif"].') from error
    except ValueError as error:
        raise UsageError(f"{FILE}: {error}.") from error
