"""What several calls of a provider amount to: a file uploaded once, a job made once and followed.

Everything is kept in the store as it is learnt, so that each of these may be stopped at any moment
and taken up again, by another run of the program too.
"""

from tintype.jobs.billing import Bill, bill, settle, strike_out
from tintype.jobs.comparing import (
    Difference,
    ModelScore,
    Outcome,
    Outcomes,
    Scores,
    cost,
    cost_or_estimate,
    data_of,
    differences,
    fits,
    outcomes,
    setting,
    to_repeat,
    training_s,
)
from tintype.jobs.creating import TOKEN
from tintype.jobs.explaining import Explanation, Trouble, explain, trouble_of
from tintype.jobs.failed_rows import Blamed, FoundRow, blamed, find, left_out, source_of
from tintype.jobs.following import Pace, follow, look_at
from tintype.jobs.history import Learnt, Prospects, UploadSpeed, job_time, learnt, upload_speed
from tintype.jobs.labelling import labels_before, labels_of, line_of, relabel
from tintype.jobs.launching import LaunchProgress, Order, launch
from tintype.jobs.moderating import Moderation, moderation
from tintype.jobs.overview import RESULTS, SORTED_BY, JobLine, arranged, overview, sorted_by
from tintype.jobs.recalling import recorded, trained_s
from tintype.jobs.replaying import replay
from tintype.jobs.results import Results, charted, results
from tintype.jobs.sending import UploadLimits, UploadProgress, limits_for
from tintype.jobs.sharing import export, restore
from tintype.jobs.steering import cancel, full_id, full_name, kept_job, listed, pause, resume
from tintype.jobs.uploading import upload
from tintype.jobs.watching import JobProgress

__all__ = [
    "RESULTS",
    "SORTED_BY",
    "TOKEN",
    "Bill",
    "Blamed",
    "Difference",
    "Explanation",
    "FoundRow",
    "JobLine",
    "JobProgress",
    "LaunchProgress",
    "Learnt",
    "ModelScore",
    "Moderation",
    "Order",
    "Outcome",
    "Outcomes",
    "Pace",
    "Prospects",
    "Results",
    "Scores",
    "Trouble",
    "UploadLimits",
    "UploadProgress",
    "UploadSpeed",
    "arranged",
    "bill",
    "blamed",
    "cancel",
    "charted",
    "cost",
    "cost_or_estimate",
    "data_of",
    "differences",
    "explain",
    "export",
    "find",
    "fits",
    "follow",
    "full_id",
    "full_name",
    "job_time",
    "kept_job",
    "labels_before",
    "labels_of",
    "launch",
    "learnt",
    "left_out",
    "limits_for",
    "line_of",
    "listed",
    "look_at",
    "moderation",
    "outcomes",
    "overview",
    "pause",
    "recorded",
    "relabel",
    "replay",
    "restore",
    "results",
    "resume",
    "setting",
    "settle",
    "sorted_by",
    "source_of",
    "strike_out",
    "to_repeat",
    "trained_s",
    "training_s",
    "trouble_of",
    "upload",
    "upload_speed",
]
