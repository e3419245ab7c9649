"""Shows that PEFT loads an adapter saved by a run and gives the logits that Palimpsest gives with it.

    python3 -m venv .venv && .venv/bin/pip install -r benchmarks/versus/requirements.txt
    .venv/bin/python benchmarks/versus/peft_logits.py MODEL.gguf RUN/adapters/all

Prints the largest difference over the logits of the last position of every prompt; exit status 1 above 1e-3.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

BIN = Path(__file__).parents[2] / "core" / "cli" / "palimpsest.js"
TOLERANCE = 1e-3
PROMPTS = [
    "Choose the last word and capitalize it.\nQ: like, create, lake\nA:",
    "Q: cave\nA:",
    "The capital of France is",
]


def ours(model: str, adapter: str) -> list[dict]:
    """Tokens and logits by `palimpsest tokens` and `palimpsest logits`, every id of the vocabulary asked for by --top."""
    with tempfile.TemporaryDirectory() as folder:
        prompts, rows = Path(folder, "prompts.jsonl"), Path(folder, "tokens.jsonl")
        prompts.write_text("".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(PROMPTS)))
        run("tokens", "--model", model, "--input", prompts, "--output", rows)
        answers = Path(folder, "logits.jsonl")
        tokens = [json.loads(line) for line in rows.read_text().splitlines()]
        rows.write_text("".join(json.dumps({"id": row["id"], "tokens": row["tokens"]}) + "\n" for row in tokens))
        run("logits", "--model", model, "--adapter", adapter, "--top", "1000", "--input", rows, "--output", answers)
        logits = [json.loads(line) for line in answers.read_text().splitlines()]
    return [{**row, **answer} for row, answer in zip(tokens, logits, strict=True)]


def run(*arguments: object) -> None:
    subprocess.run(["node", str(BIN), *map(str, arguments)], check=True)


def main() -> int:
    model_file, adapter = Path(sys.argv[1]), sys.argv[2]
    base = AutoModelForCausalLM.from_pretrained(model_file.parent, gguf_file=model_file.name, dtype=torch.float32)
    tuned = PeftModel.from_pretrained(base, adapter).eval()
    largest = moved = 0.0
    for row in ours(str(model_file), adapter):
        ids = torch.tensor([row["tokens"]])
        with torch.no_grad():
            theirs = tuned(ids).logits[0, -1]
            with tuned.disable_adapter():
                plain = tuned(ids).logits[0, -1]
        for token, logit in row["top"]:
            largest = max(largest, abs(theirs[token].item() - logit))
            moved = max(moved, abs(plain[token].item() - logit))
    print(f"largest difference {largest:.2e} (without the adapter: {moved:.2f})")
    return 0 if largest < TOLERANCE < moved else 1


sys.exit(main())
