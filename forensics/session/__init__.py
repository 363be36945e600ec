"""The keeper of one session: sole writer of its evidence, from the first frame to the manifest."""
