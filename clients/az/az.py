"""Starts Azure CLI as Debian's /usr/bin/az does, for a cloud of its own.

Its MSAL asks login.microsoftonline.com whether it knows an authority, and in
2.45.0 no setting turns that off, so it is turned off here. A connection to
anything that is not loopback fails, so that nothing reaches a real service.
"""

import runpy
import socket

from azure.cli.core.auth.identity import Identity

arguments = Identity._msal_app_kwargs.fget
Identity._msal_app_kwargs = property(lambda self: {**arguments(self), "instance_discovery": False})

connect = socket.socket.connect


def connect_locally(self, address):
    if self.family != socket.AF_UNIX and address[0] not in ("127.0.0.1", "localhost"):
        raise ConnectionRefusedError(f"connection to {address[0]} refused: it is not the sandbox")
    return connect(self, address)


socket.socket.connect = connect_locally

runpy.run_module("azure.cli", run_name="__main__")
