import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StepPosition, TaskMoment } from '../../core/index.js';
import { seededRandom } from '../../core/index.js';
import { toyTokenizer } from '../../core/testing/index.js';
import { tracePrompt } from '../../core/vectors/causal-trace.js';
import { effectsOf, meanEffects } from '../../core/vectors/head-effects.js';
import { headsOf } from '../../core/vectors/heads.js';
import { inContextPrompts } from '../../core/vectors/in-context-prompts.js';
import { readVectorFile } from '../../core/vectors/vector-file.js';
import type { IncLora } from '../../plugins/inc-lora/adapter.js';
import type { LlamaBackbone } from '../../plugins/llama/backbone.js';
import { toyLlama, toyLora, toyMoment } from '../training/toy-run.js';
import { toyIvg, toyIvKl, toyVectors } from './toy-vectors.js';

const { activations } = toyVectors();
const words: [string, string][] = [...'abcdefgh'].map((letter) => [letter, letter]);
const options = { heads: 'traced', samples: 'train', shots: 2, prompts: 4, trials: 3, top: 3, minCorrect: 1 };
const step = { taskStep: 0, taskSteps: 2, epoch: 0, epochs: 1 } as StepPosition;

let backbone: LlamaBackbone;
let adapter: IncLora;
let tensors: number;
beforeAll(async () => {
  backbone = await toyLlama();
});
afterAll(() => backbone.dispose());
beforeEach(() => {
  tensors = tf.memory().numTensors;
  adapter = toyLora(backbone);
});
afterEach(() => {
  adapter.dispose();
  expect(tf.memory().numTensors).toBe(tensors);
});

const moment = (taskIndex = 0): TaskMoment => toyMoment({ backbone, adapter }, words, { name: 'toy', taskIndex });

async function started(given: object = {}, at = moment()) {
  const ivg = toyIvg(backbone, { ...options, ...given });
  await ivg.prepare({ tasks: [at.task] });
  await ivg.beforeTask(at);
  return ivg;
}

/** What the summary says of a task's heads. */
function found(
  of: { summary(): Record<string, unknown> },
  task = 'toy',
): { heads: number[][]; traced: number[][]; prompts?: number } {
  const { tasks } = of.summary() as { tasks: Record<string, { heads: number[][]; traced: number[][] }> };
  return tasks[task];
}

describe('ivg with traced heads', () => {
  it('takes those of the largest effect on prompts of the task with shuffled answers, and says which', async () => {
    const ivg = await started({ activations });
    const means = (await readVectorFile(activations, backbone.sizes)).of('toy', headsOf(backbone.sizes));
    const stream = seededRandom(1).stream('task-vectors/task-1/trials');
    const settings = { prompts: 3, demonstrationSets: 3, shots: 2, maxTokens: 64, answers: 'shuffled' } as const;
    const samples = words.map(([prompt, answer]) => ({ prompt, answer }));
    const model = moment().passes.model('before-this-task');
    const perTrial = inContextPrompts(samples, settings, toyTokenizer, stream).map((prompt) =>
      effectsOf(tracePrompt(model, prompt, { means, answer: 'first-token' }), 'probability'),
    );
    const effects = meanEffects([{ task: 'toy', perTrial }]);
    const ranked = headsOf(backbone.sizes)
      .map(([layer, head], i) => [layer, head, effects[i]])
      .sort(([, , a], [, , b]) => b - a)
      .slice(0, 3);
    const { heads, traced } = found(ivg);
    expect(heads).toEqual(ranked.map(([layer, head]) => [layer, head]));
    expect(traced.map(([, , effect]) => effect)).toEqual(ranked.map(([, , effect]) => expect.closeTo(effect, 7)));
  });

  it('edits these heads, with the mean activations that they were traced with', async () => {
    const ivg = await started({ activations, top: 1 });
    const [edit, ...more] = ivg.edits(step);
    const [[layer]] = found(ivg).heads;
    expect(more).toEqual([]);
    expect(edit.site).toBe(`model.layers.${layer}.heads`);
  });

  it('measures all heads where no file has their means, and finds them anew in every task', async () => {
    const other = toyMoment(
      { backbone, adapter },
      [...'pqrstuvw'].map((letter) => [letter, 'z']),
      { name: 'other', taskIndex: 1 },
    );
    const ivg = await started();
    const first = found(ivg);
    await ivg.beforeTask(other);
    expect(found(ivg)).toEqual(first);
    expect(first).toMatchObject({ prompts: 4, heads: first.traced.map(([layer, head]) => [layer, head]) });
    expect(found(ivg, 'other').traced).not.toEqual(first.traced);
    const alone = toyIvg(backbone, options);
    await alone.prepare({ tasks: [other.task] });
    await alone.beforeTask(other);
    expect(found(alone, 'other')).toEqual(found(ivg, 'other'));
  });

  it('traces once for all plugins that ask for the same', async () => {
    const forward = vi.spyOn(backbone, 'forward');
    const made = new Map<string, unknown>();
    const shared: TaskMoment['shared'] = async (name, make) => {
      if (!made.has(name)) made.set(name, await make());
      return made.get(name) as Awaited<ReturnType<typeof make>>;
    };
    const at = { ...moment(), shared };
    const ivg = await started({}, at);
    const runs = forward.mock.calls.length;
    const ivKl = toyIvKl(backbone, options);
    await ivKl.prepare({ tasks: [at.task] });
    await ivKl.beforeTask(at);
    expect(forward.mock.calls.length).toBe(runs);
    expect(ivKl.summary()).toEqual(ivg.summary());
    forward.mockRestore();
  });

  it('draws random heads in their place for the control', async () => {
    const { heads } = found(await started({ activations }));
    const { heads: drawn } = found(await started({ activations, control: 'random' }));
    expect(drawn).toHaveLength(3);
    expect(drawn.filter((head) => heads.some((one) => String(one) === String(head)))).toEqual([]);
  });

  it('goes on with its heads after an interruption', async () => {
    const ivg = await started({ activations });
    const other = toyIvg(backbone, { ...options, activations });
    await other.prepare({ tasks: [moment().task] });
    const state = ivg.state();
    other.restore(state);
    tf.dispose(state.tensors);
    expect(other.edits(step).map(({ site, key }) => [site, key])).toEqual(
      ivg.edits(step).map(({ site, key }) => [site, key]),
    );
  });

  it.each([
    [{ shots: 1 }, /CONFIG_VALUE.*shots.*at least 2/],
    [{ top: 9 }, /CONFIG_VALUE.*top.*at most 8/],
    [{ top: 5, control: 'random' }, /CONFIG_VALUE.*top.*at most 4/],
  ])('is refused with %j before anything is trained', async (given, message) => {
    await expect(toyIvg(backbone, { ...options, ...given }).prepare({ tasks: [moment().task] })).rejects.toThrow(
      message,
    );
  });

  it('is refused where no prompt of two demonstrations fits', async () => {
    await expect(started({ activations, promptTokens: 3 })).rejects.toThrow(/DATA_EMPTY.*no prompt could be made/);
  });

  it('is refused where the task has no samples to trace on', async () => {
    const ivg = toyIvg(backbone, { ...options, samples: 'validation', activations });
    await expect(ivg.prepare({ tasks: [moment().task] })).rejects.toThrow(/DATA_EMPTY.*validation samples/);
  });
});
