# asyncpg_select.py URL IN_FLIGHT COUNT: selects by key a second through asyncpg's
# pool, the same as `client select` does.
import asyncio
import sys
import time

import asyncpg


async def main(url, in_flight, count):
    pool = await asyncpg.create_pool(url, min_size=in_flight, max_size=in_flight)
    sent = 0

    async def work():
        nonlocal sent
        while sent < count:
            sent += 1
            key = 1 + sent * 7919 % 100000
            await pool.fetch("SELECT abalance FROM pgbench_accounts WHERE aid = $1", key)

    await asyncio.gather(*(pool.fetch("SELECT 1") for _ in range(in_flight)))
    start = time.monotonic()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    print(count / (time.monotonic() - start))
    await pool.close()


asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
