"""The steps of :func:`chain_adapter.verify`, a module for each kind of evidence.

``examination`` holds what every record has (steps 1 to 5) and the frame all steps stand in; each
other module the steps for one kind of ledger.
"""
