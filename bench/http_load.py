"""http_load.py PORT REQUESTS CONNECTIONS [RATE SECONDS]: sends the bodies of REQUESTS, a file of JSON lines {"path", "body"}.

Without a rate each is sent once, in order, by so many connections that stay open. With one they come in turn for SECONDS,
RATE a second, each on a connection of its own, as long as fewer than CONNECTIONS are open; "########" in a body becomes
another number in each, so that none has the prompt of another. Prints
{"seconds", "answers": [[number of the request, status, seconds, scores], …]}; status 0: the connection broke.
"""

import asyncio
import itertools
import json
import sys
import time
from pathlib import Path


async def answer_of(reader):
    """The status, and the scores of a 200."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    length = int(head.partition("content-length:")[2].split("\r\n")[0])
    body = await reader.readexactly(length)
    status = int(head.split(" ", 2)[1])
    return status, [score for entry in json.loads(body)["data"] for score in entry["score"]] if status == 200 else []


def request_bytes(request, keep):
    body = request["body"].encode()
    head = f"POST {request['path']} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return (head + ("" if keep else "Connection: close\r\n") + "\r\n").encode() + body


async def ask(streams, number, data, answers):
    began = time.monotonic()
    try:
        reader, writer = streams or await asyncio.open_connection("127.0.0.1", PORT)
        writer.write(data)
        answers.append([number, *await answer_of(reader)])
        if not streams:
            writer.close()
    except (OSError, asyncio.IncompleteReadError):
        answers.append([number, 0, []])
    answers[-1].insert(2, time.monotonic() - began)


async def once(requests, connections, answers):
    left = iter(enumerate(requests))

    async def one_after_another():
        streams = await asyncio.open_connection("127.0.0.1", PORT)
        for number, data in left:
            await ask(streams, number, data, answers)
        streams[1].close()

    await asyncio.gather(*[one_after_another() for _ in range(connections)])


async def at_a_rate(requests, connections, rate, seconds, answers):
    running, began = set(), time.monotonic()
    for sent, number in enumerate(itertools.cycle(range(len(requests)))):
        due = began + sent / rate
        if due > began + seconds:
            break
        await asyncio.sleep(max(0, due - time.monotonic()))
        while len(running) >= connections:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        data = requests[number].replace(b"########", b"%08d" % sent)
        task = asyncio.create_task(ask(None, number, data, answers))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)


def main(file, connections, rate=None, seconds=None):
    keep, answers = rate is None, []
    requests = [request_bytes(json.loads(line), keep) for line in Path(file).read_text().splitlines()]
    began = time.monotonic()
    if keep:
        asyncio.run(once(requests, int(connections), answers))
    else:
        asyncio.run(at_a_rate(requests, int(connections), float(rate), float(seconds), answers))
    print(json.dumps({"seconds": time.monotonic() - began, "answers": answers}))


if __name__ == "__main__":
    PORT = int(sys.argv[1])
    main(*sys.argv[2:])
