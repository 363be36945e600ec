"""What all of the REST API has in common: the shape of errors, the description, the page of it.

Each feature keeps its own endpoints in its ``api.py``, a flask-smorest blueprint. Whatever is true
of every endpoint (who may ask, which errors may come, how often one may ask) is added to the
description in one place, :mod:`portal.api.description`, so that an endpoint names only what is its
own.
"""
