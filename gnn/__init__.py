"""Snapshots to Scores: the only room with torch. Imports graph only."""
