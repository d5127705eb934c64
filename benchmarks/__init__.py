"""Figures, each measured against a rival in the same run; one command prints them all."""
