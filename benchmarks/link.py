"""Stand for a network between a client and a server on this machine: a delay and a rate.

python benchmarks/link.py HOST:PORT --gbit 1 --delay 0.005

Forwards connections from a free loopback port, which it prints, until its standard input closes.
All that comes back from the server shares the rate, as on one wire; requests are small and only
wait.
"""

import argparse
import asyncio
import sys

CHUNK = 1 << 16


class Wire:
    """So many bytes a second, first come, first served."""

    def __init__(self, rate: float) -> None:
        self._rate, self._free = rate, 0.0

    async def send(self, size: int) -> None:
        """Wait until so many bytes have passed."""
        clock = asyncio.get_running_loop().time
        self._free = max(self._free, clock()) + size / self._rate
        await asyncio.sleep(self._free - clock())


async def carry(
    source: asyncio.StreamReader, sink: asyncio.StreamWriter, wire: Wire | None, delay: float
) -> None:
    """Forward one direction; without a wire only the delay counts."""
    try:
        while data := await source.read(CHUNK):
            if wire is None:
                await asyncio.sleep(delay)
            else:
                await wire.send(len(data))
            sink.write(data)
            await sink.drain()
    except ConnectionError:
        pass
    finally:
        sink.close()


async def main(host: str, port: int, rate: float, delay: float) -> None:
    """Forward until the standard input closes."""
    wire = Wire(rate)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up, down = await asyncio.open_connection(host, port)
        await asyncio.gather(carry(reader, down, None, delay), carry(up, writer, wire, delay))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("server")
    parser.add_argument("--gbit", type=float, default=1.0)
    parser.add_argument("--delay", type=float, default=0.005, help="seconds a request takes more")
    options = parser.parse_args()
    host, port = options.server.split(":")
    asyncio.run(main(host, int(port), options.gbit * 1e9 / 8, options.delay))
