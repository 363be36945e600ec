"""The operators' area: what waits and why, the health of the parts, people, settings in force."""
