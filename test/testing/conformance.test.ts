import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import { describePlugin, toyWeights } from '../../core/testing/index.js';
import func from '../../plugins/func/plugin.js';
import functionVectors from '../../plugins/function-vectors/plugin.js';
import heldOut from '../../plugins/held-out/plugin.js';
import incLora from '../../plugins/inc-lora/plugin.js';
import jsonl from '../../plugins/jsonl/plugin.js';
import l2Anchor from '../../plugins/l2-anchor/plugin.js';
import llama from '../../plugins/llama/plugin.js';
import long from '../../plugins/long/plugin.js';
import mas from '../../plugins/mas/plugin.js';
import replay from '../../plugins/replay/plugin.js';
import si from '../../plugins/si/plugin.js';
import trace from '../../plugins/trace/plugin.js';

describePlugin(llama, { folder: 'plugins/llama', options: { model: 'toy model' } });
describePlugin(llama, {
  options: { model: 'toy model', recompute: 'layer' },
  weights: toyWeights({ model_type: 'qwen2', attention_bias: true, tie_word_embeddings: false }),
});

describePlugin(incLora, { folder: 'plugins/inc-lora', options: { rank: 2, alpha: 4, dropout: 0.1 } });
describePlugin(incLora, { options: { rank: 2, growth: 'single', targets: ['k_proj', 'down_proj'] } });

const single = { use: 'inc-lora', growth: 'single', rank: 4 };
describePlugin(replay, { folder: 'plugins/replay' });
describePlugin(l2Anchor, { folder: 'plugins/l2-anchor', adapter: single });
describePlugin(mas, { folder: 'plugins/mas', adapter: single });
describePlugin(si, { folder: 'plugins/si', adapter: single });

const folder = mkdtempSync(join(tmpdir(), 'conformance-'));
afterAll(() => rmSync(folder, { recursive: true }));
const write = (name: string, text: string) => {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

const lines = write('lines.jsonl', '{"prompt":"a","answer":"b"}\n{"prompt":"c","answer":"d"}\n');
describePlugin(jsonl, { folder: 'plugins/jsonl', options: { tasks: [{ name: 'letters', train: lines }] } });

const doubles = JSON.stringify([...'abcdef'].map((input) => ({ input, output: input.repeat(2) })));
const pairs = write('pairs.json', doubles);
describePlugin(functionVectors, {
  folder: 'plugins/function-vectors',
  options: { tasks: [{ name: 'double', file: pairs }] },
});

describePlugin(heldOut, {
  folder: 'plugins/held-out',
  options: { pairs: [{ name: 'double', file: pairs, shots: 2 }] },
});

write('verb_v_adjective_5_spanish.json', doubles);
describePlugin(func, { folder: 'plugins/func', options: { root: folder, tasks: ['Verb-Spanish'] } });

for (const part of ['train', 'eval', 'test']) write(`Py150/${part}.json`, `[{"prompt":"${part}","answer":"a"}]`);
describePlugin(trace, { folder: 'plugins/trace', options: { root: folder, tasks: ['Py150'] } });

const task = 'CL_Benchmark/SC/yelp';
for (const part of ['train', 'dev', 'test']) write(`${task}/${part}.json`, `[{"label":"a","sentence":"${part}"}]`);
write(`${task}/labels.json`, '["a","b"]');
describePlugin(long, { folder: 'plugins/long', options: { root: folder, tasks: ['yelp'] } });
