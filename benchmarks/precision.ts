/*
 * What weights in bfloat16 change: gradients of a LoRA adapter on SmolLM2-135M, ours and PEFT's, each against its own in float32,
 * over the same rows and the same adapter; and our losses of a training in both.
 *
 *     node benchmarks/run.js precision [--steps 36] [--python .venv/bin/python]
 *
 * The figures go to results/precision-native.json. Exit status 1 where our float32 gradients are not PEFT's.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { useEngine } from '../core/engine/engine.js';
import type { Precision } from '../core/index.js';
import { findModel } from '../core/weights/model-files.js';
import { readPeftPairs } from '../core/weights/peft.js';
import { readSafetensors } from '../core/weights/safetensors.js';
import { writeResult } from './alternating.js';
import { commandOf, median, rounded } from './figures.js';
import { type AdapterGradients, adapterGradients, relativeDistance } from './precision/gradients.js';
import { methods } from './steps/methods.js';
import { benchmarkExamples, Stage } from './steps/stage.js';
import { ourModel } from './versus/our-model.js';
import { defaultPython } from './versus/sides.js';

interface TheirGradients {
  readonly losses: Readonly<Record<Precision, number>>;
  /** Relative distance of the bfloat16 gradient by parameter. */
  readonly apart: Readonly<Record<string, number>>;
}

/** Layers whose gradients are told one by one. */
const LAYERS = [0, 14, 29];
/** Relative distance within which float32 gradients agree. */
const TOLERANCE = 1e-3;

/** @param folder benchmarks/, absolute */
export async function main(args: string[], folder: string): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      steps: { type: 'string', default: '36' },
      python: { type: 'string', default: defaultPython(folder) },
    },
  });
  const engine = await useEngine('native');
  const scratch = mkdtempSync(path.join(tmpdir(), 'precision-'));
  try {
    const theirs = await theirGradients(values.python, folder, scratch);
    const pairs = await readPeftPairs([path.join(scratch, 'adapter')]);
    const examples = benchmarkExamples(folder);
    const gradients: Partial<Record<Precision, AdapterGradients>> = {};
    const curves: Partial<Record<Precision, number[]>> = {};
    for (const precision of ['f32', 'bf16'] as const) {
      const model = await ourModel('native', folder, { recompute: 'auto', precision });
      gradients[precision] = adapterGradients(model.backbone, pairs, examples.slice(0, 8));
      const stage = await Stage.begin(methods('')[0], model, examples, 0);
      curves[precision] = Array.from({ length: Number(values.steps) }, () => rounded(stage.step().loss.total));
      model.backbone.dispose();
    }
    const ours = gradients as Record<Precision, AdapterGradients>;
    const rows = gradientRows(ours, theirs);
    console.table(rows);
    console.table(curves);
    const agreement = await distanceFromTheirs(ours.f32, scratch);
    console.log(`float32 gradients: ${agreement.toExponential(1)} from PEFT's at most`);
    if (agreement > TOLERANCE) process.exitCode = 1;
    const losses = { ours: { f32: ours.f32.loss, bf16: ours.bf16.loss }, theirs: theirs.losses };
    const more = { unit: 'relative distance', losses, curves, agreement };
    writeResult(folder, { suite: 'precision', engine, rounds: 1, rows, command: commandOf('precision', args), more });
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

async function theirGradients(python: string, folder: string, scratch: string): Promise<TheirGradients> {
  const { path: model } = await findModel('smollm2-135m-instruct', { folder });
  const script = path.join(folder, 'versus', 'peft_gradients.py');
  const said = execFileSync(python, [script, model, path.join(folder, 'step.jsonl'), scratch], { encoding: 'utf8' });
  return JSON.parse(said) as TheirGradients;
}

/** A row for every parameter of some layers, and the median of all. */
function gradientRows(ours: Readonly<Record<Precision, AdapterGradients>>, { apart }: TheirGradients): object[] {
  const own = Object.fromEntries(
    Object.entries(ours.f32.gradients).map(([name, exact]) => [
      name,
      relativeDistance(ours.bf16.gradients[name], exact),
    ]),
  );
  const shown = Object.keys(own).filter((name) => LAYERS.some((layer) => name.includes(`.layers.${layer}.`)));
  const middle = (values: object) => rounded(median(Object.values(values)));
  return [
    ...shown.map((name) => ({ parameter: shortened(name), ours: rounded(own[name]), PEFT: rounded(apart[name]) })),
    { parameter: `median of ${Object.keys(own).length}`, ours: middle(own), PEFT: middle(apart) },
  ];
}

function shortened(name: string): string {
  return name.replace(/^.*\.layers\.(\d+)\.self_attn\.(\w+)\.lora_(\w)\.weight$/, 'layer $1, $2, $3');
}

async function distanceFromTheirs({ gradients }: AdapterGradients, scratch: string): Promise<number> {
  const { tensors } = await readSafetensors(path.join(scratch, 'gradients.safetensors'));
  const apart = [...tensors.values()].map(({ name, values }) => relativeDistance(gradients[name], values));
  return Math.max(...apart);
}
