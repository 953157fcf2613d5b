"""What was sent and what came of it; survives a kill."""
