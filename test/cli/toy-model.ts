import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toyConfig, toyWeights } from '../../core/testing/toy-weights.js';
import type { NamedArray } from '../../core/weights/safetensors.js';
import { writeSafetensors } from '../../core/weights/safetensors-write.js';

const letters = Array.from('abcdefghijklmnopqrstuvwxyz.:Ġ');

/** Writes the toy model as a Hugging Face folder: letters are its tokens (ids 0 to 28), ` a` is 29, BOS 30, EOS 31. */
export async function writeToyModel(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (name: string, value: unknown) => writeFile(join(folder, name), JSON.stringify(value));
  await write('config.json', { ...toyConfig, bos_token_id: 30, eos_token_id: 31, torch_dtype: 'float32' });
  await write('tokenizer.json', {
    model: {
      type: 'BPE',
      vocab: Object.fromEntries([...letters, 'Ġa'].map((letter, id) => [letter, id])),
      merges: [['Ġ', 'a']],
    },
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, use_regex: true },
    decoder: { type: 'ByteLevel' },
    added_tokens: ['<s>', '</s>'].map((content, i) => ({ id: 30 + i, content, special: true })),
  });
  await write('tokenizer_config.json', { bos_token: '<s>', eos_token: '</s>', add_bos_token: true });
  await writeFile(
    join(folder, 'chat_template.jinja'),
    '{{ messages[0].content }}{% if add_generation_prompt %}:{% endif %}',
  );
  const source = toyWeights();
  const tensors: NamedArray[] = [];
  for (const { name, shape } of source.tensors.values()) {
    tensors.push({ name, shape: [...shape], values: await source.read(name) });
  }
  await writeSafetensors(join(folder, 'model.safetensors'), tensors);
}
