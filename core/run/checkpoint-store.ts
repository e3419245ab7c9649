import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { PluginState } from '../contracts/moments.js';
import { problem } from '../errors.js';
import { readSafetensors } from '../weights/safetensors.js';
import { writeSafetensors } from '../weights/safetensors-write.js';
import { writeFolder } from '../weights/write-folder.js';

const STATE = 'state.json';
const TENSORS = 'tensors.safetensors';
const NAME = /^step-(\d+)$/;

/** A checkpoint that was found. */
export interface FoundCheckpoint {
  /** Its folder, absolute. */
  readonly where: string;
  /** Optimizer steps done over the run. */
  readonly step: number;
}

/**
 * The newest checkpoint of a run, as a folder of its directory: JSON and float32 tensors. A folder gets its name once it is
 * whole, and only then the one before it goes, so that a run killed at any moment has one.
 */
export class CheckpointStore {
  /** @param folder absolute; made with the first checkpoint */
  constructor(private readonly folder: string) {}

  /** @throws PalimpsestError OUTPUT_WRITE */
  async save({ tensors, json }: PluginState, step: number): Promise<void> {
    const target = path.join(this.folder, `step-${step}`);
    await writeFolder(target, async (temporary) => {
      const arrays = Object.entries(tensors).map(([name, tensor]) => ({
        name,
        shape: tensor.shape,
        values: tensor.dataSync<'float32'>(),
      }));
      await writeSafetensors(path.join(temporary, TENSORS), arrays);
      await writeFile(path.join(temporary, STATE), JSON.stringify(json), { flush: true });
    });
    for (const name of readdirSync(this.folder)) {
      if (name !== path.basename(target)) rmSync(path.join(this.folder, name), { recursive: true, force: true });
    }
  }

  /** The newest one, if there is any. */
  newest(): FoundCheckpoint | undefined {
    if (!existsSync(this.folder)) return undefined;
    const steps = readdirSync(this.folder).flatMap((name) => {
      const [, step] = NAME.exec(name) ?? [];
      return step === undefined ? [] : [Number(step)];
    });
    if (steps.length === 0) return undefined;
    const step = Math.max(...steps);
    return { step, where: path.join(this.folder, `step-${step}`) };
  }

  /** The caller disposes the tensors. @throws PalimpsestError CHECKPOINT_INVALID */
  async read({ where }: FoundCheckpoint): Promise<PluginState> {
    const json = parsed(path.join(where, STATE));
    const file = path.join(where, TENSORS);
    const { tensors } = await readSafetensors(file).catch((error: Error) => {
      throw problem('CHECKPOINT_INVALID', { where: file, expected: 'safetensors', got: error.message });
    });
    const entries = [...tensors.values()].map(({ name, shape, values }) => [name, tf.tensor(values, [...shape])]);
    return { json, tensors: Object.fromEntries(entries) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function parsed(file: string): Record<string, unknown> {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
  } catch (error) {
    throw problem('CHECKPOINT_INVALID', { where: file, expected: 'JSON', got: (error as Error).message });
  }
}
