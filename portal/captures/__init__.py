"""Remote captures: a clean desktop in the page, sealed from the first frame to the last."""
