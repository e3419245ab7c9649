import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { describePlugin } from '../../core/testing/index.js';
import ewc from '../../plugins/ewc/plugin.js';
import ivKl from '../../plugins/iv-kl/plugin.js';
import ivg from '../../plugins/ivg/plugin.js';
import lwf from '../../plugins/lwf/plugin.js';
import oLora from '../../plugins/o-lora/plugin.js';

const single = { use: 'inc-lora', rank: 2, growth: 'single' };

const online = { accumulate: 'online', decay: 0.5, fisher: 'batch' };
describePlugin(ewc, { folder: 'plugins/ewc', options: { lambda: 1 }, adapter: single });
describePlugin(ewc, { options: { lambda: 1, half: false, ...online }, adapter: single });
describePlugin(ewc, { options: { ...ewc.presets?.trace.options, lambda: 1 }, adapter: single });
describePlugin(ewc, { options: { lambda: 1, over: 'merged', labels: 'sampled', samples: 3 }, adapter: single });
describePlugin(ewc, { options: { lambda: 1, over: 'merged' } });
describePlugin(ewc, { options: { lambda: 1, over: 'merged', ...online } });

describePlugin(lwf, { folder: 'plugins/lwf' });
describePlugin(lwf, { options: lwf.presets?.trace.options, adapter: single });
describePlugin(lwf, { options: { top: 5, positions: 'all', reduction: 'sum-per-row', student: 'plain' } });

describePlugin(oLora, { folder: 'plugins/o-lora' });
describePlugin(oLora, { options: { lambda1: [0, 1], lambda2: [0.1, 0.2], entries: 'squared' } });

const folder = mkdtempSync(join(tmpdir(), 'method-conformance-'));
afterAll(() => rmSync(folder, { recursive: true }));
const heads = join(folder, 'heads.json');
writeFileSync(heads, '[[0, 1], [1, 2], [1, 3]]');
const vectors = { heads, samples: 'train', shots: 3, prompts: 4, demonstrationSets: 2 };

describePlugin(ivg, { folder: 'plugins/ivg', options: vectors });
describePlugin(ivg, { options: { ...vectors, mode: 'replace', positions: 'answers', activations: 'initial' } });
describePlugin(ivg, { options: { ...vectors, mode: 'mix', control: 'random', shape: 'cosine', per: 'epoch' } });

const fvg = { ...vectors, ...ivKl.presets?.['fvg-kl'].options, layer: 1, headTerm: { weight: 1 } };
const everywhere = { weight: 0.1, positions: 'all', reduction: 'sum-per-row', above: 1e-4 };
describePlugin(ivKl, { folder: 'plugins/iv-kl', options: vectors });
describePlugin(ivKl, { options: { ...fvg, terms: [{ weight: 20, above: 1e-4 }, everywhere] } });
describePlugin(ivKl, { options: { ...vectors, detach: false, site: 'residual', layer: 0, strength: 'schedule' } });
describePlugin(ivKl, {
  options: { ...vectors, target: 'initial', terms: [{ weight: 1, positions: 'answers' }] },
  adapter: single,
});
