"""Trainings outside of any provider, read from the logs that trainers write.

`finding` says which files of a folder tell of a training, the readers (`lines`, `tensorboard`) read
what is new in them, and `following` keeps it in the store as a job of the profile `local`, with
curves like any other. What cannot be read honestly is refused: W&B's own binary file.
"""

from tintype.trainer_logs.finding import TrainerLog, find
from tintype.trainer_logs.following import LOCAL, follow, job_id_of

__all__ = ["LOCAL", "TrainerLog", "find", "follow", "job_id_of"]
