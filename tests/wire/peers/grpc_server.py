"""A server of gRPC that behaves as its callers ask it to. Messages are plain bytes.

Says `listening on PORT`, and serves until it is killed.
"""

import collections
import json
import threading
import time
from concurrent import futures

import grpc

# What was seen, by the name that a call gives itself.
seen = collections.defaultdict(list)


def note(context, what):
    name = dict(context.invocation_metadata()).get("x-case", "")
    seen[name].append(what)
    return len(seen[name])


def unary(request, context):
    note(context, "unary")
    return request


def collect(requests, context):
    note(context, "collect")
    return b"%d" % sum(len(request) for request in requests)


def expand(request, context):
    note(context, "expand")
    count, size = json.loads(request)
    for _ in range(count):
        yield b"x" * size


def chat(requests, context):
    note(context, "chat")
    for request in requests:
        yield request[::-1]


def slow(request, context):
    """Waits for the caller to give up."""
    gone = threading.Event()
    context.add_callback(gone.set)
    note(context, "begun")
    seen["slow-left"].append(context.time_remaining())
    note(context, "gone" if gone.wait(5) else "never")
    return b""


def flaky(request, context):
    """Fails as often as it is told to, with that code and these trailers."""
    wanted = json.loads(request)
    if note(context, "flaky") <= wanted["times"]:
        context.set_trailing_metadata(tuple(wanted.get("trailers", {}).items()))
        context.abort(grpc.StatusCode[wanted["code"]], wanted.get("message", "as told"))
    return b"well"


def late(request, context):
    """One message, and only then the failure."""
    note(context, "late")
    yield b"first"
    time.sleep(0.05)
    context.abort(grpc.StatusCode.DATA_LOSS, "too late to be hidden")


def tell(request, context):
    return json.dumps(seen[request.decode()]).encode()


def handlers():
    return {
        "Unary": grpc.unary_unary_rpc_method_handler(unary),
        "Collect": grpc.stream_unary_rpc_method_handler(collect),
        "Expand": grpc.unary_stream_rpc_method_handler(expand),
        "Chat": grpc.stream_stream_rpc_method_handler(chat),
        "Slow": grpc.unary_unary_rpc_method_handler(slow),
        "Flaky": grpc.unary_unary_rpc_method_handler(flaky),
        "Late": grpc.unary_stream_rpc_method_handler(late),
        "Tell": grpc.unary_unary_rpc_method_handler(tell),
    }


server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
for service in ["amb.test.Echo", "amb.test.Broken"]:
    server.add_generic_rpc_handlers(
        (grpc.method_handlers_generic_handler(service, handlers()),)
    )
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(f"listening on {port}", flush=True)
server.wait_for_termination()
