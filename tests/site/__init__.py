"""A small web site for captures to visit: several pages, pictures, a download, a long page, Chinese
text, redirects, and a certificate authority of its own. ``python -m tests.site --help``."""
