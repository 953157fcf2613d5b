"""The whole walk: check, prepare, publish, submit once, wait, bring the video home."""
