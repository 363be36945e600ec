"""The web application: the only package that knows Flask and SQLAlchemy.

Importing it imports neither, so that ``portal.verification`` runs on a machine without them.
"""
