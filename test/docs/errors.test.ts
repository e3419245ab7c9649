import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { catalogue } from '../../core/errors.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const sources = ['core', 'plugins'].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|js)$/.test(name))
    .map((name) => ({ file: join(folder, name), text: readFileSync(join(root, folder, name), 'utf8') })),
);

/** Files that may throw something other than a PalimpsestError, and why. */
const internal: Record<string, string> = {
  'core/cli/model-options.ts': "commander's own error, which becomes USAGE",
  'core/cli/worker.ts': "what a cell's process said, for the queue, whose sweep tells it",
  'core/engine/check-addon.ts': 'runs in a process of its own, whose failure becomes ENGINE_BUILD',
  'core/engine/engine.ts': 'a call in the wrong order',
  'core/sweep/queue.ts': 'how BullMQ is told that a job goes back',
  'core/testing/checks/backbone.ts': 'a failed check of the conformance kit',
  'core/testing/checks/check.ts': 'a failed check of the conformance kit',
  'core/testing/tensor-checks.ts': 'a failed check of the conformance kit',
  'core/vectors/task-vectors.ts': 'a call in the wrong order',
  'plugins/llama/backbone.ts': 'a call in the wrong order',
};

describe('errors', () => {
  it('are of the catalogue, save for what no user can cause', () => {
    const bare = sources.filter(({ text }) => /\bthrow new (?!PalimpsestError\b)\w*Error\(/.test(text));
    expect(bare.map(({ file }) => file).sort()).toEqual(Object.keys(internal));
  });

  it('are all thrown somewhere, by a code that stands in a call or an option', () => {
    const texts = sources.filter(({ file }) => file !== 'core/errors.ts').map(({ text }) => text);
    const used = new Set(
      texts.flatMap((text) => [...text.matchAll(/(?:problem\(\s*|[?:=,(]\s*)'([A-Z_]+)'/g)].map(([, code]) => code)),
    );
    expect(Object.keys(catalogue).filter((code) => !used.has(code))).toEqual([]);
  });

  it('stand in the catalogue in alphabetical order', () => {
    expect(Object.keys(catalogue)).toEqual(Object.keys(catalogue).sort());
  });
});
