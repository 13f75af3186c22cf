# SPDX-License-Identifier: BSD-2-Clause
"""A Varlink client, written from the specification: a message is a JSON object and a NUL byte."""
import json
import socket
import struct

SECONDS = 10


class Error(Exception):
    """An error reply: its name, and its parameters."""

    def __init__(self, name, parameters):
        super().__init__(name, parameters)
        self.name, self.parameters = name, parameters


class Closed(Exception):
    """The service has closed the connection."""


def connected(path, seconds=SECONDS):
    """A socket. A connect that does not block would not wait for a place in a full backlog."""
    one = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", seconds, 0))
    try:
        one.connect(str(path))
    except OSError:
        one.close()
        raise
    one.settimeout(seconds)
    return one


class Connection:
    def __init__(self, path):
        self.socket = connected(path)
        self.unread = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, method, parameters=None, **flags):
        """Sends a call; flags: more=True, oneway=True."""
        call = {"method": method, **({} if parameters is None else {"parameters": parameters}),
                **flags}
        self.socket.sendall(json.dumps(call).encode() + b"\0")

    def message(self):
        """The next message, as the object that it is."""
        while b"\0" not in self.unread:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                data = b""
            if not data:
                raise Closed
            self.unread += data
        text, _, self.unread = self.unread.partition(b"\0")
        return json.loads(text)

    def reply(self):
        """The parameters of the next reply, and whether others follow; raises Error."""
        message = self.message()
        unknown = message.keys() - {"parameters", "continues", "error"}
        assert not unknown, f"keys that no reply has: {unknown}"
        if "error" in message:
            assert "continues" not in message, message
            raise Error(message["error"], message.get("parameters") or {})
        return message.get("parameters") or {}, message.get("continues", False)

    def call(self, method, parameters=None):
        self.send(method, parameters)
        reply, continues = self.reply()
        assert not continues, reply
        return reply

    def call_more(self, method, parameters=None):
        """The replies as they come."""
        self.send(method, parameters, more=True)
        continues = True
        while continues:
            reply, continues = self.reply()
            yield reply
