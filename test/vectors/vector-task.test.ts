import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataReader, seededRandom } from '../../core/index.js';
import { toyTokenizer } from '../../core/testing/index.js';
import { queryPrompts } from '../../core/vectors/query-prompts.js';
import { readVectorTask } from '../../core/vectors/vector-task.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'vector-task-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const pairs = (count: number) => Array.from({ length: count }, (_, i) => ({ input: `i${i}`, output: `o${i}` }));

/** The task in a file with this content. */
function task(name: string, content: string, given: { instruction?: string; queries?: number; seed?: number } = {}) {
  const { instruction, queries = 99, seed = 1 } = given;
  writeFileSync(path.join(folder, name), content);
  return readVectorTask(new DataReader(folder), name, { instruction, queries, random: seededRandom(seed) });
}

const prompts = (list: readonly { prompt: string }[]) => list.map(({ prompt }) => prompt);

describe('a task of vectors', () => {
  it('is called as its file, and has 70 % of its items to measure with and the others to ask for', async () => {
    const { name, pool, queries } = await task('pairs.json', JSON.stringify(pairs(10)));
    expect(name).toBe('pairs');
    expect([pool.length, queries.length]).toEqual([7, 3]);
    expect(new Set(prompts([...pool, ...queries])).size).toBe(10);
    expect(pool[0].prompt).toMatch(/^Q: i\d\nA:$/);
    expect(pool[0].answer).toMatch(/^ o\d$/);
  });

  it('has at most 200 items to measure with, and as many queries as asked for', async () => {
    const { pool, queries } = await task('pairs.json', JSON.stringify(pairs(400)), { queries: 5 });
    expect([pool.length, queries.length]).toEqual([200, 5]);
  });

  it('puts an instruction before the questions of pairs', async () => {
    const { pool } = await task('pairs.json', JSON.stringify(pairs(4)), { instruction: 'Do it.' });
    expect(pool[0].prompt).toMatch(/^Do it\.\nQ: /);
  });

  it('takes JSONL lines as they stand', async () => {
    const lines = Array.from('abcd', (letter) => JSON.stringify({ prompt: `${letter}:`, answer: letter }));
    const { pool, queries } = await task('lines.jsonl', lines.join('\n'));
    expect(prompts([...pool, ...queries]).sort()).toEqual(['a:', 'b:', 'c:', 'd:']);
  });

  it('is shuffled by the seed', async () => {
    const content = JSON.stringify(pairs(20));
    const [first, again, other] = [
      await task('p.json', content),
      await task('p.json', content),
      await task('p.json', content, { seed: 2 }),
    ];
    expect(prompts(first.pool)).toEqual(prompts(again.pool));
    expect(prompts(first.pool)).not.toEqual(prompts(other.pool));
  });

  it('is refused with fewer than four items, or with others than pairs', async () => {
    await expect(task('few.json', JSON.stringify(pairs(3)))).rejects.toThrow(/DATA_EMPTY.*at least 4 items.*3/);
    await expect(task('odd.json', '[{"in": "a"}]')).rejects.toThrow(/DATA_LINE/);
    await expect(task('odd.jsonl', '{"prompt": "a"}')).rejects.toThrow(/DATA_LINE/);
  });
});

describe('queries as prompts', () => {
  /** "a" is answered by "k", and so on. */
  const letters = (text: string) =>
    [...text].map((letter) => ({
      prompt: letter,
      answer: String.fromCharCode(97 + ((letter.charCodeAt(0) - 87) % 26)),
    }));
  const given = { name: 'later', pool: letters('abcd'), queries: letters('xyz') };
  const texts = (shots: number, answers: 'own' | 'shuffled', seed = 1) => {
    const tools = { tokenizer: toyTokenizer, stream: seededRandom(seed).stream('queries') };
    return queryPrompts(given, { shots, answers, maxTokens: 99 }, tools).map(({ tokens }) =>
      toyTokenizer.decode([...tokens]),
    );
  };

  it('stand by themselves, or behind the first samples of the pool', () => {
    expect(texts(0, 'own')).toEqual(['x', 'y', 'z']);
    expect(texts(2, 'own')).toEqual(['ak\n\nbl\n\nx', 'ak\n\nbl\n\ny', 'ak\n\nbl\n\nz']);
  });

  it("stand behind samples with each other's answers, permuted for every query by itself", () => {
    const shown = texts(4, 'shuffled').map((text) => text.split('\n\n').slice(0, 4));
    for (const samples of shown) {
      expect(samples.map(([question]) => question)).toEqual([...'abcd']);
      expect(samples.map(([, answer]) => answer).sort()).toEqual([...'klmn']);
    }
    expect(new Set(shown.map((samples) => samples.join())).size).toBeGreaterThan(1);
    expect(texts(4, 'shuffled')).toEqual(texts(4, 'shuffled'));
    expect(texts(4, 'shuffled')).not.toEqual(texts(4, 'shuffled', 2));
  });
});
