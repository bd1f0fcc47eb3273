"""Say every error in one form: {"error": {"field", "message"}}, with a status that fits."""

import logging
import math
import re
from collections.abc import Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from pipeline.catalog.limits import TimeUp, current_limits
from pipeline.errors import PopulaceError, SpecError
from pipeline.service.refusal import Refusal
from pipeline.storage import MissingObject

_LOG = logging.getLogger("populace.service")
_FIELD = re.compile(r"([A-Za-z_][\w.\[\]-]{0,79}): (.+)", re.DOTALL)
_FEW_SECONDS = 5.0


class Fault(BaseModel):
    """What is wrong with a request."""

    field: str = Field(description="the part of the request that is wrong")
    message: str = Field(description="what is wrong with it, and how to mend it")


class ErrorAnswer(BaseModel):
    """The answer to every request that is not answered as asked."""

    error: Fault


def refused(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The errors of a route, for the OpenAPI document; those that all have come with them."""
    told = {
        401: "No key, or none that is valid.",
        403: "The key does not allow this.",
        404: "There is no such catalog, asset or job.",
        422: "Something in the request cannot be meant.",
        429: "Too many requests, or jobs in the queue.",
        503: "The store or the service is busy or away; try again.",
    }
    every = {401, 403, 422, 429, 503, *statuses}
    return {
        status: {"model": ErrorAnswer, "description": told[status]}
        for status in sorted(every)
        if status in told
    }


def error_answer(
    status: int, field: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """An error as JSON."""
    body = {"error": {"field": field, "message": message}}
    return JSONResponse(body, status, dict(headers or {}))


def answer_of(error: Exception, path: str) -> JSONResponse:
    """The answer to a request that ended with an error; what is no fault of the request is logged.

    Sentences about stores and files stay in the log: they name places on this machine.
    """
    limits = current_limits()
    if isinstance(error, Refusal):
        return error_answer(error.status, error.field, error.message, _headers(error, path))
    if isinstance(error, TimeUp) or (limits is not None and limits.expired):
        seconds = f"{limits.seconds:g} s" if limits is not None else "its time"
        return error_answer(422, "request", f"takes longer than {seconds}; narrow it")
    if isinstance(error, MissingObject):
        _LOG.error("%s: %s", path, error)
        return error_answer(503, "catalog", "a file of it is missing; try again later")
    if isinstance(error, SpecError):
        return error_answer(422, *_parted(str(error)))
    _LOG.error("%s", path, exc_info=error)
    if isinstance(error, PopulaceError):
        headers = {"retry-after": f"{_FEW_SECONDS:g}"}
        message = "cannot read or write its files just now; try again later"
        return error_answer(503, "service", message, headers)
    return error_answer(500, "service", "failed; its log says why")


async def on_error(request: Request, error: Exception) -> JSONResponse:
    """The handler of the errors of this project."""
    return answer_of(error, request.url.path)


async def on_invalid(request: Request, error: Exception) -> JSONResponse:
    """The handler of requests that do not have the form of the OpenAPI document."""
    assert isinstance(error, RequestValidationError)
    fault = error.errors()[0]
    place = [str(part) for part in fault["loc"]]
    if fault["type"] == "json_invalid":
        return _no_json()
    field = ".".join(place[1:]) or place[0]
    return error_answer(422, field, str(fault["msg"]).replace("Input", "the value", 1))


async def on_http(request: Request, error: Exception) -> JSONResponse:
    """The handler of requests to no route, or by the wrong method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 400:  # so FastAPI says that a body cannot be parsed
        return _no_json()
    what = {404: "nothing is here", 405: "is not the method of this address"}
    field = "method" if error.status_code == 405 else "request"
    field = "path" if error.status_code == 404 else field
    message = what.get(error.status_code, str(error.detail))
    return error_answer(error.status_code, field, message, error.headers)


def _no_json() -> JSONResponse:
    return error_answer(422, "body", "is no JSON that can be read; send an object")


def _headers(error: Refusal, path: str) -> dict[str, str]:
    headers = {}
    if error.status == 401:
        # A browser asks its user for a key where pages are, and not where scripts fetch.
        page = not path.startswith("/v1/")
        headers["www-authenticate"] = (
            'Basic realm="populace: the key is the password", charset="UTF-8"'
            if page
            else 'Bearer realm="populace"'
        )
    if error.retry_after is not None:
        headers["retry-after"] = str(max(1, math.ceil(error.retry_after)))
    return headers


def _parted(sentence: str) -> tuple[str, str]:
    """The field that a sentence begins with, and the rest, in the words of the API."""
    sentence = sentence.replace("--allow-short", "allow_short")
    match = _FIELD.fullmatch(sentence)
    return (match[1], match[2]) if match else ("request", sentence)
