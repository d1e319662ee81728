from worker.deliver import staff
from worker.management.act import ActCommand
from worker.models import Delivery


class Command(ActCommand):
    help = "Drop a delivery that has not gone out."

    def change(self, delivery: Delivery, who: str, because: str) -> None:
        staff.cancel(delivery, who, because)
