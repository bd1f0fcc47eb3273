"""Connect to S3 or to another server that speaks it."""

import os
from functools import partial
from typing import Any

import boto3.session
from botocore.config import Config

from pipeline.errors import StoreError

CONNECTIONS = 32
"""Sockets kept open: encoder threads and the parts they send together stay below it."""

ATTEMPTS = 8
"""Tries a request, the first included; the environment's `AWS_MAX_ATTEMPTS` overrides it."""


def endpoint_from_environment() -> str | None:
    """The endpoint that the AWS tools would use, or None for Amazon's own."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL") or None


def new_session() -> boto3.session.Session:
    """Look for credentials where the AWS tools do: environment, profile, instance role."""
    # One of our own: making clients from boto3's shared default session is not thread-safe.
    return boto3.session.Session()


def connect(endpoint: str | None, session: boto3.session.Session | None = None) -> Any:
    """Make a thread-safe boto3 S3 client (its class exists at run time only); nothing is sent yet.

    Of a session of its own, unless one is given.
    """
    session = session or new_session()
    attempts = int(os.environ.get("AWS_MAX_ATTEMPTS") or ATTEMPTS)
    client = session.client(
        "s3",
        endpoint_url=endpoint,
        region_name=os.environ.get("AWS_REGION") or session.region_name or "us-east-1",
        config=Config(
            connect_timeout=10,
            read_timeout=60,
            tcp_keepalive=True,
            max_pool_connections=CONNECTIONS,
            retries={"mode": "standard", "total_max_attempts": attempts},
            # Else links are signed by SHA-1 in us-east-1 and at servers of one's own.
            signature_version="s3v4",
            # The bucket is rarely a DNS name below a server of one's own.
            s3={"addressing_style": "path" if endpoint else "auto"},
            # By default boto3 >= 1.36 adds CRC headers that several servers refuse (Backblaze B2,
            # OVH, older MinIO). Nothing is lost: without them the signature covers the SHA-256 of
            # the body, over TLS too, and whoever reads an image compares the manifest's SHA-256.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    if endpoint:
        client.meta.events.register_first(
            "needs-retry.s3", partial(_refuse_redirect, asked=endpoint)
        )
    return client


def _refuse_redirect(asked: str, response: tuple[Any, Any] | None, **_: object) -> None:
    """Name the address where a server sends every request, as from http to https.

    boto3 takes the answer for a bucket in another region, and looks for that until the stack ends.
    """
    address = response[0].headers.get("location") if response else None
    if address and response and response[0].status_code in (301, 302, 307, 308):
        raise StoreError(
            f"endpoint: {asked!r} redirects to {address!r}; write the address that answers"
        )
