"""relparty: a related-party risk engine."""

__version__ = "0.1.0"
