import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { scratchFolder, writeText } from '../config/write-config.js';
import { palimpsest } from './bin.js';
import { letters, writeLetters } from './letters.js';
import { describeWithOptuna, python } from './optuna.js';
import { describeWithRedis, ended, serveRedis, url, workerIn } from './queue.js';

const folder = scratchFolder();
/** Where a worker has search file and data as on a machine of its own. */
const copy = scratchFolder();

serveRedis(folder);

beforeAll(async () => {
  const space = '{ training.learningRate: { low: 1.0e-4, high: 1.0, log: true }, adapter.rank: [1, 2] }';
  const search = `search: { maximize: first, sampler: random, seed: 3, trials: 3, space: ${space} }`;
  for (const root of [folder, copy]) {
    await writeLetters(root);
    writeText(root, 'search.yaml', `${letters}\nbase: { plain: {} }\n${search}\n`);
  }
});

describeWithRedis('the cells of a search in a queue', () => {
  describeWithOptuna('with Optuna', () => {
    it('are run by workers with the values of their trials, and come to what they come to here', async () => {
      const search = (out: string, ...more: string[]) =>
        palimpsest(['search', 'search.yaml', '--out', out, '--python', python, '--parallel', '2', ...more], folder);
      const worker = workerIn(folder, ['--root', copy]);
      const queued = await search('queued', '--redis', url);
      await ended(worker);
      expect(queued).toMatchObject({ status: 0, stderr: '' });
      expect(worker.said().match(/learningRate=\S+,rank=[12]\/seed-1 done in/g)).toHaveLength(3);
      expect((await search('here')).status).toBe(0);
      const trials = (out: string) => JSON.parse(readFileSync(join(folder, out, 'search.json'), 'utf8')).trials;
      expect(trials('queued')).toHaveLength(3);
      expect(trials('queued')).toEqual(trials('here'));
    });
  });
});
