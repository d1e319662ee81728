from worker.deliver import staff
from worker.management.act import ActCommand


class Command(ActCommand):
    help = "Let a held delivery go, or a waiting one go now."
    verb = staticmethod(staff.release)
