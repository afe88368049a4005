"""How right an answer to TextVQA is: lmms-eval's own functions."""

import importlib
import sys
import types


def textvqa_correctness(checkout, answers, responses):
    utils = loaded(checkout, "lmms_eval.tasks.textvqa.utils")
    return [
        utils.textvqa_process_results({"question_id": 0, "answers": list(answers)}, [response])["exact_match"]
        for response in responses
    ]


def loaded(checkout, module):
    """A module of the checkout, without what its packages import at their start."""
    for package in ("lmms_eval", "lmms_eval.tasks", "lmms_eval.tasks._task_utils", "lmms_eval.tasks.textvqa"):
        if package not in sys.modules:
            sys.modules[package] = types.ModuleType(package)
            sys.modules[package].__path__ = [str(checkout / package.replace(".", "/"))]
    return importlib.import_module(module)
