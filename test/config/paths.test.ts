import path from 'node:path';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { loadConfig } from '../../core/config/load.js';
import { absolutePaths, filePath, filePathOrName } from '../../core/config/paths.js';
import { scratchFolder, writeText } from './write-config.js';

const folder = scratchFolder();
const schema = z.strictObject({
  tasks: z.array(z.strictObject({ name: z.string(), train: filePath().describe('Lines.').optional() })),
  model: filePathOrName().optional(),
});

it('makes paths absolute against the file that they are written in, and leaves names and other texts alone', () => {
  writeText(folder, 'base/model/config.json', '{}');
  writeText(
    folder,
    'base/base.yaml',
    'backbone: { use: x }\nadapter: { use: y }\nbenchmark: { use: z, model: model, tasks: [{ name: a, train: a.jsonl }] }\n',
  );
  const { config, origin } = loadConfig(writeText(folder, 'own/run.yaml', 'extends: [../base/base.yaml]\n'));
  const { use: _, ...options } = config.benchmark;
  expect(absolutePaths(schema, options, { origin, path: ['benchmark'] })).toEqual({
    model: path.join(folder, 'base', 'model'),
    tasks: [{ name: 'a', train: path.join(folder, 'base', 'a.jsonl') }],
  });
  const named = loadConfig(path.join(folder, 'own/run.yaml'), {
    set: ['benchmark.model=known', 'benchmark.tasks.0.train=b'],
  });
  const { use: __, ...others } = named.config.benchmark;
  expect(absolutePaths(schema, others, { origin: named.origin, path: ['benchmark'] })).toEqual({
    model: 'known',
    tasks: [{ name: 'a', train: path.join(folder, 'own', 'b') }],
  });
});
