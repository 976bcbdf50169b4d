"""What the fork server does before the first request: solver processes are forked with all of this done."""

from google.protobuf.empty_pb2 import Empty

from trimtab_solver.warm_up import warm_up_to_fork

from .calls.methods import METHODS
from .dispatch.method import Quota
from .dispatch.worker import Worker

for method in METHODS:
    if method.quota is not Quota.READ:
        method.load_work()
warm_up_to_fork()


def probe(worker: Worker) -> Empty:
    """The work that shows whether solver processes start, and everything they need is there."""
    return worker.message()  # type: ignore[no-any-return]  # of the method's own type
