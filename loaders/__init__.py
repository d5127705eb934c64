"""Files to Register. Imports graph only."""
