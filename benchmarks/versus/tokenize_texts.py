"""Token ids by Hugging Face's `tokenizers`, text by text: the other side of `node benchmarks/run.js tokenizing`.

    tokenize_texts.py MODEL.gguf TEXTS.json

Of a GGUF file transformers takes vocabulary and merges; SmolLM2's splitting of digits, which the file names, is put before its own.
"""

import json
import sys
import time
from pathlib import Path

from sides import serve
from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence
from transformers import AutoTokenizer


def main() -> None:
    path = Path(sys.argv[1])
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).backend_tokenizer
    tokenizer.pre_tokenizer = Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])
    texts = json.loads(Path(sys.argv[2]).read_text())

    def answer(_request: dict) -> dict:
        start = time.perf_counter()
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        return {"seconds": time.perf_counter() - start, "ids": ids}

    serve(answer)


main()
