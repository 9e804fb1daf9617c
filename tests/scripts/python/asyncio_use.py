# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Coroutines: gathering, queues, timeouts, cancellation, async generators.
import asyncio


async def worker(name, queue, done):
    while True:
        item = await queue.get()
        await asyncio.sleep(0.001 * item)
        done.append((name, item))
        queue.task_done()


async def ticker(n):
    for i in range(n):
        yield i
        await asyncio.sleep(0)


class Resource:
    async def __aenter__(self):
        print("open")
        return self

    async def __aexit__(self, *exc):
        print("close")


async def slow():
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        print("cancelled")
        raise


async def main():
    print(await asyncio.gather(*(asyncio.sleep(0.01 * (3 - i), result=i) for i in range(3))))
    queue, done = asyncio.Queue(), []
    for item in (1, 2, 3, 4):
        queue.put_nowait(item)
    tasks = [asyncio.create_task(worker(n, queue, done)) for n in "ab"]
    await queue.join()
    for t in tasks:
        t.cancel()
    print(sorted(item for _, item in done))
    print([x async for x in ticker(4)])
    async with Resource():
        try:
            await asyncio.wait_for(slow(), 0.01)
        except asyncio.TimeoutError:
            print("timeout")
    results = await asyncio.gather(asyncio.sleep(0, "ok"), asyncio.wait_for(slow(), 0.001), return_exceptions=True)
    print(results[0], type(results[1]).__name__)
    lock, event = asyncio.Lock(), asyncio.Event()
    async with lock:
        print(lock.locked())
    asyncio.get_running_loop().call_soon(event.set)
    print(await event.wait())


asyncio.run(main())
