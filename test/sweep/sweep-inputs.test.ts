import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../core/config/load.js';
import { composePlugins } from '../../core/container/compose.js';
import { PluginRegistry } from '../../core/container/plugin-registry.js';
import { type RecordedInputs, SweepInputs } from '../../core/sweep/sweep-inputs.js';
import { scratchFolder, writeText } from '../config/write-config.js';

const folder = scratchFolder();
const sha = (digit: number) => String(digit).repeat(64);

async function plugins(train = 'a.jsonl', more = '') {
  const text = `backbone: { use: llama, model: toy }
adapter: { use: inc-lora${more} }
benchmark: { use: jsonl, tasks: [{ name: a, train: ${train} }] }
`;
  return composePlugins(loadConfig(writeText(folder, 'run.yaml', text)), new PluginRegistry());
}

const read = (model = 1, data = 2, files = {}): RecordedInputs => ({
  model: { sha256: { 'model.safetensors': sha(model) } },
  data: [{ path: `/machine-${data}/a.jsonl`, sha256: sha(data), items: 3 }],
  files,
});

describe('what cells of a sweep have read', () => {
  it('must be the same model and data, wherever they lie', async () => {
    const inputs = new SweepInputs();
    inputs.take('first', await plugins(), read());
    inputs.take('second', await plugins(), {
      ...read(),
      data: [{ path: 'elsewhere/a.jsonl', sha256: sha(2), items: 3 }],
    });
    const refusal = /INPUTS_CHANGED\] third: .*a\.jsonl of SHA-256 222222222222.., as for first, got \S*a\.jsonl .*333/;
    const same = await plugins();
    expect(() => inputs.take('third', same, read(1, 3))).toThrow(refusal);
    expect(() => inputs.take('fourth', same, read(4))).toThrow(/model\.safetensors/);
  });

  it('is taken whole or not at all', async () => {
    const inputs = new SweepInputs();
    const same = await plugins();
    inputs.take('first', await plugins('b.jsonl'), { ...read(), model: { sha256: { 'model.safetensors': sha(1) } } });
    const other = { ...same, backbone: { ...same.backbone, options: { model: 'other' } } };
    inputs.take('second', same, read());
    expect(() => inputs.take('third', other, read(7, 3))).toThrow(/INPUTS_CHANGED\] third: .*a\.jsonl/);
    expect(() => inputs.take('fourth', other, read(8))).not.toThrow();
  });

  it('may be other data where their configs say so', async () => {
    const inputs = new SweepInputs();
    inputs.take('first', await plugins(), read());
    const other = await plugins('b.jsonl');
    expect(() => inputs.take('second', other, read(1, 3))).not.toThrow();
  });

  it('is held against what there is now, files that options name among it', async () => {
    const inputs = new SweepInputs();
    const adapter = writeText(folder, 'start.safetensors', 'weights');
    const composed = await plugins('a.jsonl', `, init: ${adapter}`);
    const files = { 'adapter.init': { sha256: { 'start.safetensors': sha(5) } } };
    await inputs.compare('before any', composed, { data: read().data });
    await expect(inputs.compare('second', composed, { data: read(1, 3).data })).rejects.toThrow(/a\.jsonl/);
    expect(() => inputs.take('third', composed, read(1, 2, files))).toThrow(/got start\.safetensors of SHA-256 555/);
  });
});
