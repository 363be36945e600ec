"""Resumable uploads, drafts that wait for their confirmation, and the files of folder deposits."""
