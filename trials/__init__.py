"""Trials of the models: an economy whose truth is known, and real firms. They may meet all rooms, as root modules do."""
