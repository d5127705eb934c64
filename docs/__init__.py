"""Pages of the manual that are printed from the code, so that they can't drift."""
