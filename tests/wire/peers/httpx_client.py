"""Calls of httpx over HTTP/2 with prior knowledge: `httpx_client.py PROXY-PORT`."""

import asyncio
import os
import sys

import httpx

HOST = {"host": "one.shop.svc"}


async def main(port):
    limits = httpx.Limits(max_connections=1)
    proxy = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(http1=False, http2=True, limits=limits, trust_env=False) as client:
        body = os.urandom(3_000_000)
        stored = await client.put(f"{proxy}/stored", headers=HOST, content=body)
        print("put:", stored.http_version, stored.status_code)
        fetched = await client.get(f"{proxy}/stored", headers=HOST)
        print("get:", fetched.http_version, fetched.status_code, fetched.content == body)
        head = await client.head(f"{proxy}/stored", headers=HOST)
        print("head:", head.status_code, head.headers["content-length"], len(head.content))
        missing = await client.get(f"{proxy}/missing", headers=HOST)
        print("missing:", missing.status_code)
        unknown = await client.get(f"{proxy}/ok", headers={"host": "nobody.shop.svc"})
        print("unknown:", unknown.status_code, unknown.headers["proxy-status"])
        # All at once, on one connection.
        calls = [client.get(f"{proxy}/ok", headers=HOST) for _ in range(100)]
        print("together:", {(it.status_code, len(it.content)) for it in await asyncio.gather(*calls)})


asyncio.run(main(int(sys.argv[1])))
