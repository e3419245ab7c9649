"""One LoRA step with PyTorch and PEFT, taken when asked: the other side of `node benchmarks/run.js versus step`.

    peft_step.py MODEL.gguf ROWS.jsonl float32|bfloat16 all|answers

Each line of standard input is a number of steps; the answer is a line of JSON with their seconds, losses and the process's
largest resident memory in bytes since the first step was done. `all` is how PEFT's users run it: the model gives logits at every
position and takes labels. `answers` asks the model for logits at the answers only.
"""

import json
import sys
import time
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM

ROWS = 8


def batches(file: str) -> list[tuple[torch.Tensor, torch.Tensor]]:
    lines = [json.loads(line) for line in Path(file).read_text().splitlines()]
    tokens = torch.tensor([line["tokens"] for line in lines]).split(ROWS)
    labels = torch.tensor([line["labels"] for line in lines]).split(ROWS)
    return list(zip(tokens, labels, strict=True))


def load(file: Path, precision: str) -> torch.nn.Module:
    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=getattr(torch, precision))
    lora = LoraConfig(r=8, lora_alpha=16, lora_dropout=0.0, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    return get_peft_model(base, lora).train()


def answer_loss(model: torch.nn.Module, tokens: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss with logits at the positions before an answer token only, the same ones in every row."""
    (before,) = torch.where(labels[0, 1:] >= 0)
    logits = model(input_ids=tokens, logits_to_keep=before).logits
    return torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), labels[:, before + 1].flatten())


def reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) * 1024


def main() -> None:
    file, rows, precision, logits = sys.argv[1:]
    model = load(Path(file), precision)
    data = batches(rows)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.01)
    done = 0

    def step() -> tuple[float, float]:
        nonlocal done
        start = time.perf_counter()
        tokens, labels = data[done % len(data)]
        if logits == "all":
            loss = model(input_ids=tokens, attention_mask=torch.ones_like(tokens), labels=labels).loss
        else:
            loss = answer_loss(model, tokens, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        value = loss.item()
        done += 1
        if done == 1:
            reset_peak()
        return time.perf_counter() - start, value

    for line in sys.stdin:
        taken = [step() for _ in range(int(line))]
        seconds, losses = zip(*taken)
        print(json.dumps({"seconds": seconds, "losses": losses, "peak": peak_memory()}), flush=True)


if __name__ == "__main__":
    main()
