"""How far PEFT's gradients in bfloat16 are from its own in float32: the other side of `node benchmarks/run.js precision`.

    peft_gradients.py MODEL.gguf ROWS.jsonl FOLDER

Writes a LoRA adapter with random A and B into FOLDER/adapter and its gradients over the first 8 rows, in float32, into
FOLDER/gradients.safetensors, and prints JSON: both losses, and for every parameter the relative distance of the bfloat16 gradient.
"""

import json
import sys
from pathlib import Path

import torch
from peft import PeftModel, get_peft_model
from peft_step import answer_loss, batches, lora_config
from safetensors.torch import save_file
from sides import load_model


def random_adapter(model: str, folder: Path) -> None:
    torch.manual_seed(1)
    tuned = get_peft_model(load_model(model), lora_config())
    for name, parameter in tuned.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.02)
    tuned.save_pretrained(folder)


def gradients(model: str, adapter: Path, rows: str, precision: str) -> tuple[float, dict[str, torch.Tensor]]:
    tuned = PeftModel.from_pretrained(load_model(model, precision), adapter, is_trainable=True)
    loss = answer_loss(tuned, *batches(rows)[0])
    loss.backward()
    found = {name.replace(".default", ""): p.grad.float() for name, p in tuned.named_parameters() if p.requires_grad}
    return loss.item(), found


def main() -> None:
    model, rows, folder = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    random_adapter(model, folder / "adapter")
    loss, exact = gradients(model, folder / "adapter", rows, "float32")
    coarse_loss, coarse = gradients(model, folder / "adapter", rows, "bfloat16")
    save_file(exact, folder / "gradients.safetensors")
    apart = {name: ((coarse[name] - g).norm() / g.norm()).item() for name, g in exact.items()}
    print(json.dumps({"losses": {"f32": loss, "bf16": coarse_loss}, "apart": apart}))


if __name__ == "__main__":
    main()
