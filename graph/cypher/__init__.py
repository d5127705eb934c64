"""The saved questions, one Cypher file each; see graph/questions.py."""
