from worker.deliver import staff
from worker.management.act import ActCommand


class Command(ActCommand):
    help = "Stop the clock of a waiting delivery."
    verb = staticmethod(staff.hold)
