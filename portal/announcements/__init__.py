"""Announcements: what operators tell everybody, in a banner on every page."""
