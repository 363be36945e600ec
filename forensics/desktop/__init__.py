"""Clean desktops: what a provider is asked for, and what it answers."""
