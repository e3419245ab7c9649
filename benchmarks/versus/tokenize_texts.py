"""Token ids by Hugging Face's `tokenizers`, text by text: the other side of `node benchmarks/run.js tokenizing`.

    tokenize_texts.py MODEL.gguf TEXTS.json
"""

import json
import sys
import time
from pathlib import Path

from sides import serve
from transformers import AutoTokenizer


def main() -> None:
    path = Path(sys.argv[1])
    tokenizer = AutoTokenizer.from_pretrained(path.parent, gguf_file=path.name).backend_tokenizer
    texts = json.loads(Path(sys.argv[2]).read_text())

    def answer(_request: dict) -> dict:
        start = time.perf_counter()
        ids = [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
        return {"seconds": time.perf_counter() - start, "ids": ids}

    serve(answer)


main()
