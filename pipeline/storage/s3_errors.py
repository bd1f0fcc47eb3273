"""Turn boto3's errors into one sentence that names the URI and the mend."""

from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.errors import StoreError
from pipeline.storage.store import MissingObject

_CREDENTIALS = (
    exceptions.NoCredentialsError,
    exceptions.PartialCredentialsError,
    exceptions.CredentialRetrievalError,
    exceptions.TokenRetrievalError,
    exceptions.UnauthorizedSSOTokenError,
    exceptions.ProfileNotFound,
)
_NETWORK = (
    exceptions.HTTPClientError,
    exceptions.ConnectionError,
    exceptions.IncompleteReadError,
)
_UNKNOWN_KEYS = ("InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken")


def status_of(error: ClientError) -> int:
    """The HTTP status of a server's refusal, 0 where there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    """The S3 error code, such as `NoSuchKey`; for answers without a body, the status as digits."""
    return str(error.response.get("Error", {}).get("Code", ""))


def explain(
    error: BotoCoreError | ClientError | ValueError,
    uri: str,
    endpoint: str | None,
    key: str | None = None,
) -> StoreError:
    """Say what failed below `uri` at `endpoint` (None: Amazon's own), and how to mend it."""
    server = endpoint or "Amazon S3"
    if isinstance(error, ClientError):
        return _explain_refusal(error, uri, server, key)
    if isinstance(error, _CREDENTIALS):
        return StoreError(
            f"{uri}: no usable S3 credentials ({error}); "
            "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )
    if isinstance(error, _NETWORK):
        return StoreError(
            f"{uri}: {server} cannot be reached ({error}); check the endpoint and the network, "
            "then run the command again"
        )
    return StoreError(f"{uri}: {server} cannot be used ({error}); check endpoint and AWS settings")


def _explain_refusal(error: ClientError, uri: str, server: str, key: str | None) -> StoreError:
    code, status = code_of(error), status_of(error)
    place = f"{uri}/{key}" if key else uri
    if code == "NoSuchBucket" or (key is None and status == 404):
        return StoreError(f"{uri}: {server} has no such bucket; create it, or correct the URI")
    if key is not None and code == "NoSuchKey":
        return MissingObject(uri, key)
    if code in _UNKNOWN_KEYS:
        return StoreError(
            f"{uri}: {server} does not accept the S3 credentials ({code}); "
            "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and the clock"
        )
    if status in (401, 403):
        return StoreError(
            f"{place}: {server} denies access; allow these credentials s3:GetObject, "
            "s3:PutObject, s3:AbortMultipartUpload and s3:ListBucket"
        )
    message = error.response.get("Error", {}).get("Message") or "no message"
    return StoreError(
        f"{place}: {server} answered {status} {code} ({message.rstrip('.')}); "
        "check that the endpoint speaks S3, and run the command again"
    )
