"""What strftime_now gives templates in transformers: always one day."""

from datetime import datetime

TEMPLATE_DATE = "26 Jul 2024"  # of reference/
RESULTS_DATE = "23 Nov 2026"  # of eval/results


def freeze(date):
    from transformers.utils import chat_template_utils

    class Frozen(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.strptime(date, "%d %b %Y")

    chat_template_utils.datetime = Frozen
