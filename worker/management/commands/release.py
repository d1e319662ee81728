from worker.deliver import staff
from worker.management.act import ActCommand
from worker.models import Delivery


class Command(ActCommand):
    help = "Let a held delivery go, or a waiting one go now."

    def change(self, delivery: Delivery, who: str, because: str) -> None:
        staff.release(delivery, who, because)
