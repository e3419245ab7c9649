import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import type { Backbone, Logger } from '../../core/index.js';
import { seededRandom } from '../../core/index.js';
import { toyTokenizer } from '../../core/testing/index.js';
import { writeSafetensors } from '../../core/weights/safetensors-write.js';
import { ivKlOptions } from '../../plugins/iv-kl/plugin.js';
import { InstructionVectorDivergence } from '../../plugins/iv-kl/regularizer.js';
import { InstructionVectorGuidance } from '../../plugins/ivg/intervention.js';
import { ivgOptions } from '../../plugins/ivg/plugin.js';

/** Options of ivg and iv-kl that name the files; they are written before the tests of a file, and removed after them. */
export interface ToyVectors {
  /** Heads (0, 1) and (1, 2) of the toy model, which has two layers of four heads with four channels. */
  readonly heads: string;
  /** Mean activations for the task `toy`: channel c of head (l, h) has 100 l + 10 h + c. */
  readonly activations: string;
}

export function toyVectors(): ToyVectors {
  const folder = mkdtempSync(join(tmpdir(), 'toy-vectors-'));
  const [heads, activations] = [join(folder, 'heads.json'), join(folder, 'means.safetensors')];
  beforeAll(async () => {
    writeFileSync(heads, '[[0, 1], [1, 2]]');
    const values = Float32Array.from({ length: 32 }, (_, i) => 100 * (i >> 4) + 10 * ((i >> 2) % 4) + (i % 4));
    await writeSafetensors(activations, [{ name: 'toy', shape: [2, 4, 4], values }]);
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  return { heads, activations };
}

const silent: Logger = { info: () => {}, warn: () => {} };

export function toyIvg(backbone: Backbone, options: object, logger = silent): InstructionVectorGuidance {
  const tools = [backbone, toyTokenizer, seededRandom(1), logger, 'toy model'] as const;
  return new InstructionVectorGuidance(ivgOptions.parse(options), ...tools);
}

export function toyIvKl(backbone: Backbone, options: object, logger = silent): InstructionVectorDivergence {
  const tools = [backbone, toyTokenizer, seededRandom(1), logger, 'toy model'] as const;
  return new InstructionVectorDivergence(ivKlOptions.parse(options), ...tools);
}
