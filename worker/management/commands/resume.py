from worker.deliver import staff
from worker.management.commands import pause


class Command(pause.Command):
    help = "Let a paused blog or channel go on; also after its connection was mended."
    change = staticmethod(staff.resume)
