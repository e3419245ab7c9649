"""Causal tracing as Todd et al. 2024 do it (arXiv 2310.15213): the other side of `node benchmarks/run.js versus tracing`.

    head_loop.py MODEL.gguf PROMPT.json

One run of the model for every head, in which a hook before the output projection replaces the head's slice at the last token by its
mean activation; logits at the last token only. The effect is the change of the answer's probability.
"""

import json
import sys
import time
from pathlib import Path

import torch
from sides import load_model, serve


def probability(model: torch.nn.Module, tokens: torch.Tensor, answer: int) -> float:
    with torch.inference_mode():
        return model(input_ids=tokens, logits_to_keep=1, use_cache=False).logits[0, -1].softmax(-1)[answer].item()


def effects(model: torch.nn.Module, tokens: torch.Tensor, answer: int, means: torch.Tensor) -> list[float]:
    """means [L, H, d_h]; the effects head by head, layer by layer."""
    plain = probability(model, tokens, answer)
    found = []
    for layer, (block, heads) in enumerate(zip(model.model.layers, means, strict=True)):
        for head, mean in enumerate(heads):

            def replace(_module: torch.nn.Module, inputs: tuple) -> tuple:
                changed = inputs[0].clone()
                changed[:, -1, head * len(mean) : (head + 1) * len(mean)] = mean
                return (changed,)

            hook = block.self_attn.o_proj.register_forward_pre_hook(replace)
            found.append(probability(model, tokens, answer) - plain)
            hook.remove()
    return found


def main() -> None:
    model = load_model(sys.argv[1]).eval()
    data = json.loads(Path(sys.argv[2]).read_text())
    tokens = torch.tensor([data["tokens"]])
    config = model.config
    means = torch.tensor(data["means"]).view(config.num_hidden_layers, config.num_attention_heads, -1)

    def answer(_request: dict) -> dict:
        start = time.perf_counter()
        found = effects(model, tokens, data["answer"], means)
        return {"seconds": time.perf_counter() - start, "effects": found}

    probability(model, tokens, data["answer"])
    serve(answer)


main()
