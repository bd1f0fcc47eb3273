"""Give tests a real HTTP server that speaks S3.

`POPULACE_TEST_S3_ENDPOINT` points the same tests at another server, whose credentials are taken
from the environment. Without it, moto runs in a process of its own on a free loopback port.
"""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# No test's result may depend on how fast a machine is.
settings.register_profile("populace", deadline=None)
settings.load_profile("populace")

# Triton asks when it is imported, which other libraries may do.
os.environ["TRITON_INTERPRET"] = "1"


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Start the server; yield its address, `http://127.0.0.1:port`."""
    if endpoint := os.environ.get("POPULACE_TEST_S3_ENDPOINT"):
        yield endpoint
        return
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_MAX_ATTEMPTS"):
            environment.delenv(name, raising=False)
        script = Path(__file__).parent / "storage" / "moto_server.py"
        # The server ends when its standard input does: also where the tests are killed.
        with subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            assert address, f"{script} did not start; run it to see why"
            yield address
            server.kill()


@pytest.fixture(scope="session")
def s3_bucket(s3_endpoint: str) -> str:
    """Make a bucket for the session; tests keep apart by prefixes."""
    import boto3

    name = f"populace-test-{uuid.uuid4().hex[:12]}"
    boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1").create_bucket(Bucket=name)
    return name


@pytest.fixture
def s3_uri(s3_bucket: str) -> str:
    """An empty place of the test's own, `s3://bucket/prefix`."""
    return f"s3://{s3_bucket}/{uuid.uuid4().hex}"
