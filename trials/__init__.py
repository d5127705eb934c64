"""Trials of the models: an economy whose truth is known, and real firms. Like root modules they may meet all rooms."""
