"""The web application: the only package that knows Flask and SQLAlchemy. Importing it imports neither."""
