"""What the PyTorch sides of `node benchmarks/run.js versus` share: loading the model, memory, and answering requests.

A side greets with a line of JSON when it is ready, then answers each line of JSON on its standard input by one on its standard
output, until its input is closed.
"""

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Callable

import torch
from transformers import AutoModelForCausalLM, GgufConfig
from transformers.utils import logging


def load_model(place: str, precision: str = "float32") -> torch.nn.Module:
    """A causal language model from a GGUF file, its weights dequantized to the precision, or from a folder with safetensors."""
    logging.disable_progress_bar()
    path, options = Path(place), {"dtype": getattr(torch, precision)}
    if path.is_dir():
        return AutoModelForCausalLM.from_pretrained(path, **options)
    whole = {"gguf_file": path.name, "quantization_config": GgufConfig(dequantize=True)}
    return AutoModelForCausalLM.from_pretrained(path.parent, **whole, **options)


def serve(answer: Callable[[dict], dict]) -> None:
    """Greets with the versions, then answers every line of standard input."""
    packages = {name: version(name) for name in ("torch", "transformers", "peft", "tokenizers")}
    print(json.dumps({"python": platform.python_version(), **packages, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line))), flush=True)


def reset_peak() -> None:
    """Lets the peak of this process's resident memory begin anew from what is resident now (Linux; elsewhere nothing)."""
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int | None:
    """VmHWM of this process in bytes: its largest resident memory since the last reset; None but on Linux."""
    if sys.platform != "linux":
        return None
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024
