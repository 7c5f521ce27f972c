"""Says everything back, until it is told to end."""

from websockets.sync.server import serve


def echo(connection):
    for message in connection:
        if message == "end":
            connection.close(1000, "as you wish")
            return
        connection.send(message)


with serve(echo, "127.0.0.1", 0, max_size=None) as server:
    print("listening on", server.socket.getsockname()[1], flush=True)
    server.serve_forever()
