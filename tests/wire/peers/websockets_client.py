"""A conversation over a WebSocket: `websockets_client.py PROXY-PORT`."""

import os
import socket
import sys

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

proxy = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
with connect("ws://one.shop.svc:8080/chat", sock=proxy, proxy=None, max_size=None) as socket:
    socket.send("späť")
    print("text:", socket.recv())
    body = os.urandom(2_000_000)
    socket.send(body)
    print("binary:", socket.recv() == body)
    print("ping:", socket.ping().wait(10))
    socket.send("end")
    try:
        socket.recv()
    except ConnectionClosed as closed:
        print("close:", closed.rcvd.code, closed.rcvd.reason)
