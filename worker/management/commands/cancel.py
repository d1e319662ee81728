from worker.deliver import staff
from worker.management.act import ActCommand


class Command(ActCommand):
    help = "Drop a delivery that has not gone out."
    verb = staticmethod(staff.cancel)
