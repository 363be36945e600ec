"""People, their roles, their sessions and their API keys."""
