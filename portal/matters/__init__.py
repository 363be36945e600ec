"""Applications to the notary's office (公证申请): a matter each, from its draft to its archive."""
