import type { PluginState, Regularizer } from '../../core/index.js';
import { copyTensors } from '../../core/training/named-tensors.js';
import { type SequenceCheckpoints, type SequenceParts, trainSequence } from '../../core/training/sequence.js';
import { toySequence, toyTask } from '../training/toy-run.js';

const letters = [...'abcdefgh'];
const tasks = ['x', 'y', 'z'].map((answer) =>
  toyTask(
    answer,
    letters.map((letter) => [letter, answer]),
    2,
  ),
);

type Make = (parts: Pick<SequenceParts, 'adapter' | 'random' | 'tokenizer'>) => Regularizer;

/** Steps of three tasks of eight steps each; the second one is broken off after its third step. */
const BREAK = 11;

/**
 * Losses of every step after the break: as a run goes on, and as one gives them that starts from the checkpoint taken there.
 * @param make builds the regularizer afresh for each
 */
export async function lossesAfterBreak(make: Make): Promise<{ goingOn: number[]; restarted: number[] }> {
  let saved: PluginState | undefined;
  const save = ({ tensors, json }: PluginState, step: number) => {
    if (step === BREAK) saved = { tensors: copyTensors(tensors), json: JSON.parse(JSON.stringify(json)) };
  };
  const whole = await losses(make, { every: 1, save });
  const start = { state: saved as PluginState, where: 'the checkpoint' };
  return { goingOn: whole.slice(BREAK), restarted: await losses(make, { every: 0, start, save: () => {} }) };
}

async function losses(make: Make, checkpoints: SequenceCheckpoints): Promise<number[]> {
  const parts = await toySequence(tasks, { adapter: { growth: 'single' }, checkpoints });
  const regularizer = make(parts);
  await trainSequence({ ...parts, regularizers: [{ name: 'own', regularizer }] });
  for (const one of [regularizer, parts.adapter, parts.backbone]) one.dispose?.();
  return parts.records.map(({ loss }) => loss.own);
}
