"""The notary's desk: the queue of matters, and what the office does with each of them."""
