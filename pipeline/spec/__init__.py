"""What a studio asks for: the job spec, its fields, and how it is read."""

from pipeline.spec.job import DIRECTION_DRAWS, EDITABLE, Extra, JobSpec
from pipeline.spec.read import parse_spec, read_spec

__all__ = ["DIRECTION_DRAWS", "EDITABLE", "Extra", "JobSpec", "parse_spec", "read_spec"]
