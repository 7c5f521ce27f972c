"""A client of gRPC: makes one call of each kind through the proxy at the port it is given.

Prints one line for each: the case, a colon, what came of it.
"""

import json
import sys
import threading
import time

import grpc


def channel(host):
    # What is retried is the proxy's doing.
    options = [("grpc.default_authority", host), ("grpc.enable_retries", 0)]
    return grpc.insecure_channel(f"127.0.0.1:{sys.argv[1]}", options=options)


echo, nobody, unknown = map(channel, ["echo.test.svc", "nobody.test.svc", "unknown.test.svc"])


def method(name, kind="unary_unary", through=echo, service="amb.test.Echo"):
    return getattr(through, kind)(f"/{service}/{name}")


def told(case):
    return json.loads(method("Tell")(case.encode(), timeout=5))


def failure(call):
    try:
        return f"OK {call().decode()}"
    except grpc.RpcError as error:
        return f"{error.code().name} {error.details()}"


def unary(case):
    return method("Unary")(b"hello", timeout=5, metadata=[("x-case", case)]).decode()


def large(case):
    message = bytes(range(256)) * 12_000
    return str(method("Unary")(message, timeout=5, metadata=[("x-case", case)]) == message)


def collect(case):
    parts = (b"y" * 1000 for _ in range(1000))
    return method("Collect", "stream_unary")(parts, timeout=5).decode()


def expand(case):
    answers = method("Expand", "unary_stream")(b"[2000, 1000]")
    return str(sum(len(answer) for answer in answers))


def chat(case):
    """Each word is said only when the one before has been answered."""
    answered, words = threading.Semaphore(1), [b"one", b"two", b"three"]

    def say():
        for word in words:
            answered.acquire(timeout=5)
            yield word

    heard = []
    for answer in method("Chat", "stream_stream")(say()):
        heard.append(answer.decode())
        answered.release()
    return " ".join(heard)


def deadline(case):
    began = time.monotonic()
    said = failure(lambda: method("Slow")(b"", timeout=0.5, metadata=[("x-case", case)]))
    waited = time.monotonic() - began
    left = told("slow-left")[-1]
    return f"{said.split()[0]} in-time={waited < 2} server-knew={0 < left < 0.6}"


def cancellation(case):
    call = method("Slow").future(b"", metadata=[("x-case", case)])
    while told(case) != ["begun"]:
        time.sleep(0.01)
    call.cancel()
    while told(case) == ["begun"]:
        time.sleep(0.01)
    return " ".join(told(case))


def flaky(case, service="amb.test.Echo", **wanted):
    request = json.dumps({"times": 1, "code": "UNAVAILABLE", **wanted}).encode()
    call = method("Flaky", service=service)
    began = time.monotonic()
    said = failure(lambda: call(request, timeout=5, metadata=[("x-case", case)]))
    waited = time.monotonic() - began
    return f"{said} after {len(told(case))}", waited


def retry(case):
    return flaky(case)[0]


def retries_end(case):
    return flaky(case, times=9)[0]


def not_repeated(case):
    return flaky(case, code="INTERNAL")[0]


def pushback(case):
    said, waited = flaky(case, trailers={"grpc-retry-pushback-ms": "200"})
    return f"{said} waited={waited >= 0.2}"


def veto(case):
    return flaky(case, trailers={"grpc-retry-pushback-ms": "-1", "x-more": "kept"})[0]


def message(case):
    return flaky(case, code="NOT_FOUND", message="100% späť\nweg")[0].replace("\n", "|")


def late(case):
    answers = method("Late", "unary_stream")(b"", metadata=[("x-case", case)])
    first = next(answers).decode()
    return f"{first} then {failure(lambda: next(answers))}"


def breaker(case):
    said = [flaky(f"{case}{at}", "amb.test.Broken", times=9, code="INTERNAL") for at in range(3)]
    return " | ".join(words for words, _ in said)


def refused(case):
    return failure(lambda: method("Unary", through=nobody)(b"", timeout=5))


def rejected(case):
    return failure(lambda: method("Unary", through=unknown)(b"", timeout=5))


def unimplemented(case):
    return failure(lambda: method("Nothing")(b"", timeout=5))


CASES = [
    unary, large, collect, expand, chat, deadline, cancellation, retry, retries_end,
    not_repeated, pushback, veto, message, late, breaker, refused, rejected, unimplemented,
]  # fmt: skip
for case in CASES:
    print(f"{case.__name__}: {case(case.__name__)}", flush=True)
