"""Take orders of jobs, and tell how they go."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import JSONResponse

from pipeline.service.answers import refused
from pipeline.service.guard import Caller, Guard, allow, check_json, note
from pipeline.service.jobs import Jobs

JobName = Annotated[str, Path(max_length=40, description="the id of a job of this key")]


class JobAnswer(BaseModel):
    """What is known of a job."""

    id: str
    name: str
    state: Literal["queued", "running", "done", "failed", "stopped"]
    submitted: str
    started: str | None
    finished: str | None
    error: str | None = Field(description="why it failed or was stopped")
    catalog: str | None = Field(description="the name of its catalog, once it is done")
    faces: int = Field(description="ordered")
    faces_done: int = Field(description="of these, made and stored")
    log: list[str] = Field(description="the last lines that it printed")


class JobList(BaseModel):
    """The latest jobs of the key, the last first."""

    jobs: list[JobAnswer]


def job_routes(jobs: Jobs, guard: Guard) -> APIRouter:
    """The routes below /v1/jobs."""
    router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

    async def submitter(request: Request) -> Caller:
        if request.method != "GET":
            action = "submit" if request.method == "POST" else "stop"
            note(request, action=action, job=request.path_params.get("job"))
        caller = guard.caller(request)
        allow(caller, "submit")
        if request.method == "POST":
            check_json(request)
        return caller

    submits = Annotated[Caller, Depends(submitter)]

    @router.post("", status_code=202, response_model=JobAnswer, responses=refused())
    def submit_job(
        request: Request,
        caller: submits,
        spec: Annotated[
            dict[str, Any],
            Body(
                description="a job spec as JSON (docs/spec.md), without output and workers",
                examples=[{"name": "villagers", "count": 200, "balance": {"age": "uniform"}}],
            ),
        ],
    ) -> JSONResponse:
        """Order a job, which runs in the background; follow it at /v1/jobs/{job}."""
        job = jobs.submit(spec, caller.id, caller.name)
        note(request, job=job)
        return JSONResponse(jobs.document(job, caller.id), 202, {"location": f"/v1/jobs/{job}"})

    @router.get("", response_model=JobList, responses=refused())
    def list_jobs(caller: submits) -> JSONResponse:
        """List the latest jobs that this key ordered."""
        return JSONResponse({"jobs": jobs.documents(caller.id)})

    @router.get("/{job}", response_model=JobAnswer, responses=refused(404))
    def read_job(caller: submits, job: JobName) -> JSONResponse:
        """Say how far a job is, and what went wrong."""
        return JSONResponse(jobs.document(job, caller.id))

    @router.delete("/{job}", response_model=JobAnswer, responses=refused(404))
    def stop_job(caller: submits, job: JobName) -> JSONResponse:
        """Stop a job; one that has ended stays as it is."""
        return JSONResponse(jobs.cancel(job, caller.id))

    return router
