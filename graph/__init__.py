"""The domain: register, identity, groups, contagion, store. Imports no other room."""
