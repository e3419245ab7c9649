import path from 'node:path';
import { z } from 'zod';
import type { TextExample } from '../contracts/benchmark.js';
import { problem } from '../errors.js';
import { lineValue } from '../text/data-file.js';
import type { DataReader } from '../text/data-reader.js';
import { pairExample, readPairs } from '../text/pairs.js';
import type { RandomSource } from '../training/random.js';

/** Most samples that mean activations are measured on. */
const POOL = 200;

/** A task as its instruction vector is measured and tried: no sample is in both lists. */
export interface VectorTask {
  readonly name: string;
  /** Samples to measure with: demonstrations and questions of N-shot prompts. */
  readonly pool: readonly TextExample[];
  /** Samples to ask for. */
  readonly queries: readonly TextExample[];
}

export interface VectorTaskSettings {
  /** A line before the question of a pair. */
  readonly instruction?: string;
  /** Most queries. */
  readonly queries: number;
  readonly random: RandomSource;
}

const example = z.object({ prompt: z.string().min(1), answer: z.string().min(1) });

/**
 * The task in a file, which names it: a JSON list of `{"input", "output"}`, in Todd et al.'s template, or JSONL of
 * `{"prompt", "answer"}`. Its items are shuffled by the seed; of the first 70 % at most 200 are the pool, the others queries.
 * @throws PalimpsestError DATA_FILE, DATA_LINE, DATA_EMPTY
 */
export async function readVectorTask(
  reader: DataReader,
  file: string,
  { instruction, queries, random }: VectorTaskSettings,
): Promise<VectorTask> {
  const { name } = path.parse(file);
  const read = file.endsWith('.jsonl') ? await examplesOf(reader, file) : await pairsOf(reader, file, instruction);
  if (read.length < 4) {
    throw problem('DATA_EMPTY', {
      where: file,
      expected: 'at least 4 items',
      got: `${read.length}`,
      remedy: 'Give the file more items.',
    });
  }
  const drawn = random.stream(`vectors/${name}/items`).shuffle(read);
  const border = Math.floor(0.7 * drawn.length);
  return { name, pool: drawn.slice(0, Math.min(POOL, border)), queries: drawn.slice(border, border + queries) };
}

async function examplesOf(reader: DataReader, file: string): Promise<TextExample[]> {
  const lines = await reader.lines(file);
  return lines.map((line) => lineValue(line, example, '{"prompt": text, "answer": text}'));
}

async function pairsOf(reader: DataReader, file: string, instruction?: string): Promise<TextExample[]> {
  return (await readPairs(reader, file)).map((pair) => pairExample(pair, instruction));
}
