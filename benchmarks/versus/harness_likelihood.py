"""Log-likelihoods of choices the way of lm-evaluation-harness's HF model: the other side of `... versus evaluation`.

    harness_likelihood.py MODEL.gguf PAIRS.json

Each pair is a row of its own: the tokens of context and continuation but for the last, rows sorted by length descending, padded on the
right in batches of 8; logits of all positions, their log-softmax, and the continuation's entries gathered from it. With {"once": true}
rows of equal tokens run once, as the harness does for choices of one token (its `logits_cache`).
"""

import json
import sys
import time
from pathlib import Path

import torch
from sides import load_model, peak_memory, reset_peak, serve

BATCH = 8


def log_likelihoods(model: torch.nn.Module, pairs: list[dict], once: bool) -> list[float]:
    groups: dict[tuple, list[int]] = {}
    for index, pair in enumerate(pairs):
        tokens = tuple(pair["context"] + pair["continuation"])[:-1]
        groups.setdefault((tokens, None if once else index), []).append(index)
    rows = sorted(groups.items(), key=lambda row: (-len(row[0][0]), row[0][0]))
    sums = [0.0] * len(pairs)
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        for log_probabilities, ((tokens, _), indices) in zip(run(model, [row[0][0] for row in batch]), batch, strict=True):
            for index in indices:
                continuation = torch.tensor(pairs[index]["continuation"])
                own = log_probabilities[len(tokens) - len(continuation) : len(tokens)]
                sums[index] = own.gather(1, continuation[:, None]).sum().item()
    return sums


def run(model: torch.nn.Module, rows: list[tuple]) -> torch.Tensor:
    """Log-probabilities [B, T, V] of rows padded on the right."""
    longest = max(map(len, rows))
    tokens = torch.tensor([list(row) + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    with torch.inference_mode():
        return torch.nn.functional.log_softmax(model(input_ids=tokens, attention_mask=mask).logits, dim=-1)


def main() -> None:
    model = load_model(sys.argv[1]).eval()
    sets = {one["name"]: one["pairs"] for one in json.loads(Path(sys.argv[2]).read_text())}

    def answer(request: dict) -> dict:
        reset_peak()
        start = time.perf_counter()
        sums = log_likelihoods(model, sets[request["set"]], request.get("once", False))
        return {"seconds": time.perf_counter() - start, "logLikelihoods": sums, "peak": peak_memory()}

    run(model, [(1, 2, 3)])
    serve(answer)


main()
