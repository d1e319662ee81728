from worker.deliver import staff
from worker.management.act import ActCommand
from worker.models import Delivery


class Command(ActCommand):
    help = "Stop the clock of a waiting delivery."

    def change(self, delivery: Delivery, who: str, because: str) -> None:
        staff.hold(delivery, who, because)
