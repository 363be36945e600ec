"""The desktop service: the one process with privileges, behind a unix socket.

``python -m forensics.deskd`` makes, watches, ends and clears desktops; the portal and the gateway
ask it through :class:`forensics.deskd.client.LocalDesktop`.
"""
