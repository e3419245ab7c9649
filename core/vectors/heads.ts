import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { didYouMean } from '../config/nearest.js';
import type { ModelSizes } from '../contracts/backbone.js';
import { problem } from '../errors.js';
import type { RandomStream } from '../training/random.js';

/** An attention head; both from 0. */
export type Head = readonly [layer: number, head: number];

/** Every head of a model, layer by layer. */
export function headsOf({ layers, heads }: Pick<ModelSizes, 'layers' | 'heads'>): Head[] {
  return Array.from({ length: layers * heads }, (_, i) => [Math.floor(i / heads), i % heads]);
}

/** A published set of causal heads. */
export interface HeadPreset {
  readonly heads: readonly Head[];
  /** Matches what a run's model is called by: its name, hub id or path. */
  readonly model: RegExp;
}

/** Published sets of causal heads by model. */
export const headPresets: Readonly<Record<string, HeadPreset>> = {
  /** Todd et al. 2024: the ten of the largest average indirect effect in Llama-2-7B, as arXiv 2406.12227 uses them. */
  'llama-2-7b': {
    model: /llama-2-7b/i,
    heads: [
      [14, 1],
      [11, 2],
      [9, 25],
      [12, 15],
      [12, 28],
      [13, 7],
      [11, 18],
      [12, 18],
      [16, 10],
      [14, 16],
    ],
  },
  /** Ten heads of SmolLM2-135M-Instruct traced as in arXiv 2406.12227, Eq. 2, over six tasks. */
  'smollm2-135m-instruct': {
    model: /smollm2-135m-instruct/i,
    heads: [
      [20, 5],
      [24, 4],
      [18, 6],
      [20, 6],
      [14, 1],
      [18, 7],
      [23, 3],
      [17, 5],
      [20, 3],
      [17, 3],
    ],
  },
};

const index = z.number().int().min(0);
const head = z.tuple([index, index], z.number());
const headFile = z.union([
  z.array(head).min(1),
  z.object({ heads: z.array(head).min(1) }).transform(({ heads }) => heads),
  z.object({ top: z.array(head).min(1) }).transform(({ top }) => top),
]);

/** The model whose heads are asked for. */
export interface HeadModel {
  readonly sizes: ModelSizes;
  /** Its name, hub id or path. */
  readonly name: string;
}

/**
 * The heads that an option names: `preset` for that of the model, a preset by name, or a JSON file with
 * `[[layer, head], ...]`, alone or as `heads` or `top` of an object; further numbers of an entry (its effect) are passed over.
 * @param given `preset`, a preset's name or an absolute path @param where names the option in errors
 * @throws PalimpsestError CONFIG_VALUE, DATA_LINE
 */
export async function readHeads(given: string, { sizes, name }: HeadModel, where: string): Promise<Head[]> {
  const preset = given === 'preset' ? presetOf(name, where) : headPresets[given];
  const heads = (preset?.heads ?? (await headsIn(given, where))).map(([layer, head]): Head => [layer, head]);
  const outside = heads.find(([layer, head]) => layer >= sizes.layers || head >= sizes.heads);
  if (outside) {
    throw problem('CONFIG_VALUE', {
      where,
      expected: `heads of a model with ${sizes.layers} layers of ${sizes.heads} heads, counted from 0`,
      got: `layer ${outside[0]}, head ${outside[1]} in ${given}`,
      remedy: 'Name the preset of this model, or a file of heads traced in it.',
    });
  }
  const names = heads.map(String);
  const twice = heads.find((head, i) => names.indexOf(String(head)) < i);
  if (!twice) return heads;
  const got = `layer ${twice[0]}, head ${twice[1]} twice in ${given}`;
  throw problem('CONFIG_VALUE', { where, expected: 'every head once', got, remedy: 'Leave one of them out.' });
}

function presetOf(model: string, where: string): HeadPreset {
  const found = Object.values(headPresets).find((preset) => preset.model.test(model));
  if (found) return found;
  throw problem('CONFIG_VALUE', {
    where,
    expected: `a model that a preset was made for: ${Object.keys(headPresets).join(', ')}`,
    got: model,
    remedy: 'Name a preset, or give a file of heads traced in this model.',
  });
}

async function headsIn(given: string, where: string): Promise<readonly Head[]> {
  const refuse = (why: string) => {
    const names = Object.keys(headPresets);
    const got = `"${given}"${didYouMean(given, names)}, ${why}`;
    return problem('CONFIG_VALUE', { where, expected: `preset, ${names.join(', ')} or a JSON file`, got });
  };
  if (!path.isAbsolute(given)) throw refuse('no such file');
  const text = await readFile(given, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === 'ENOENT' ? 'no such file' : error.message);
  });
  const parsed = headFile.safeParse(jsonOf(text, given));
  if (parsed.success) return parsed.data as unknown as readonly Head[];
  throw problem('DATA_LINE', { where: given, expected: '[[layer, head], ...], numbers from 0', got: 'something else' });
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw problem('DATA_LINE', { where: file, expected: 'JSON', got: (error as Error).message });
  }
}

/** As many heads as are given, drawn from all others of the model. @throws PalimpsestError CONFIG_VALUE where it has fewer */
export function randomHeads(heads: readonly Head[], sizes: ModelSizes, stream: RandomStream): Head[] {
  const taken = new Set(heads.map(String));
  const others = headsOf(sizes).filter((head) => !taken.has(String(head)));
  if (others.length < heads.length) {
    const expected = `a model with ${heads.length} other heads to draw from`;
    throw problem('CONFIG_VALUE', { where: 'control: random', expected, got: `${others.length}` });
  }
  return stream.shuffle(others).slice(0, heads.length);
}
