"""Cases (matters): deposits that belong together, their tags, and one timeline across them."""
