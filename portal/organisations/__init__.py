"""Organisations: who belongs to one, who acts for it, and access given to a person."""
