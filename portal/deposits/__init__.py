"""Deposits: a file or a digest comes in, a sealed letter and a proof package come out."""
