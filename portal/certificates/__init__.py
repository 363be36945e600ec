"""Notarial certificates (公证书): drafted, numbered, signed, sealed on the spine, registered."""
