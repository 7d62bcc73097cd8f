"""Runs a Redis server on a free port of this machine, in a temporary folder."""

import shutil
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager

import redis

class Missing(Exception):
    """A program that a block needs is not installed."""


@contextmanager
def redis_server():
    program = shutil.which("redis-server")
    if program is None:
        raise Missing("redis-server is not installed")
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "--bind", "127.0.0.1", "--port", str(port), "--dir", folder, "--save", ""]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            wait_until_ready(server)
            with redis.Redis(host="127.0.0.1", port=port) as client:
                yield client
        finally:
            server.kill()
            server.communicate()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(server):
    """Waits for the server's own message, because the time that it takes to start is unknown."""
    for line in server.stdout:
        if "Ready to accept connections" in line:
            return
    sys.exit("redis-server ended before it was ready.")
