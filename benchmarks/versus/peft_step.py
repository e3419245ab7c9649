"""One LoRA step with PyTorch and PEFT, taken when asked: the other side of `node benchmarks/run.js versus step start`.

    peft_step.py MODEL ROWS.jsonl float32|bfloat16 all|answers

MODEL is a GGUF file or a folder with safetensors. Requests: {"steps": n} for seconds and losses of n steps, with the process's peak memory; {"products": n} for seconds of n products
of two 1024 x 1024 matrices. `all` is how PEFT's users run it: the model takes labels and gives logits at every position. `answers`
asks the model for the logits before the answers only.
"""

import json
import sys
import time
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from sides import load_model, peak_memory, reset_peak, serve

ROWS = 8


def batches(file: str) -> list[tuple[torch.Tensor, torch.Tensor]]:
    lines = [json.loads(line) for line in Path(file).read_text().splitlines()]
    tokens = torch.tensor([line["tokens"] for line in lines]).split(ROWS)
    labels = torch.tensor([line["labels"] for line in lines]).split(ROWS)
    return list(zip(tokens, labels, strict=True))


def answer_loss(model: torch.nn.Module, tokens: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss with logits at the positions before an answer token only, the same ones in every row."""
    (before,) = torch.where(labels[0, 1:] >= 0)
    logits = model(input_ids=tokens, logits_to_keep=before).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), labels[:, before + 1].flatten())


def whole_loss(model: torch.nn.Module, tokens: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return model(input_ids=tokens, attention_mask=torch.ones_like(tokens), labels=labels).loss


def lora_config() -> LoraConfig:
    return LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")


class Trainer:
    """LoRA on q_proj and v_proj, r = 8, AdamW, gradients clipped to a norm of 1."""

    def __init__(self, base: torch.nn.Module, rows: str, logits: str) -> None:
        torch.manual_seed(1)
        self.model = get_peft_model(base, lora_config()).train()
        self.data = batches(rows)
        self.loss = whole_loss if logits == "all" else answer_loss
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.AdamW(self.trained, lr=1e-4, weight_decay=0.01)
        self.done = 0
        self.before = 0

    def step(self) -> tuple[float, float]:
        start = time.perf_counter()
        loss = self.loss(self.model, *self.data[self.done % len(self.data)])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        value = loss.item()
        seconds = time.perf_counter() - start
        self.done += 1
        if self.done == 1:
            self.before = peak_memory() or 0
            reset_peak()
        return seconds, value

    def take(self, count: int) -> dict:
        seconds, losses = zip(*(self.step() for _ in range(count)))
        steps = peak_memory()
        peak = {} if steps is None else {"steps": steps, "process": max(steps, self.before)}
        return {"seconds": seconds, "losses": losses, "peak": peak}


def products(count: int, dtype: torch.dtype) -> list[float]:
    matrix = torch.rand(1024, 1024).to(dtype)

    def timed() -> float:
        start = time.perf_counter()
        matrix @ matrix
        return time.perf_counter() - start

    timed()
    return [timed() for _ in range(count)]


def main() -> None:
    file, rows, precision, logits = sys.argv[1:]
    trainer = Trainer(load_model(file, precision), rows, logits)

    def answer(request: dict) -> dict:
        if "products" in request:
            return {"seconds": products(request["products"], getattr(torch, precision))}
        return trainer.take(request["steps"])

    serve(answer)


if __name__ == "__main__":
    main()
