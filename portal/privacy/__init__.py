"""What is kept and for how long: erasure of content, retention, one's own data."""
