import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { findModel } from '../../core/weights/model-files.js';
import { comparison } from '../figures.js';
import { asSafetensors } from '../safetensors-copy.js';
import { Side, type SideCommand } from './protocol.js';
import { theirs, type VersusSettings } from './sides.js';
import { takeTurns } from './turns.js';

/** How often our side's metrics.jsonl is looked at, in milliseconds. */
const LOOK = 5;
const OURS = 'ours, from the GGUF file';

/**
 * From the start of the process to the end of the first training step: `palimpsest run benchmarks/step.yaml` until metrics.jsonl has a
 * line, and PEFT's script until it answers a first request for a step. The first round warms the file cache and is not counted.
 */
export async function versusStart(settings: VersusSettings) {
  const scratch = mkdtempSync(path.join(tmpdir(), 'versus-'));
  try {
    const files = await findModel('smollm2-135m-instruct', { folder: settings.folder });
    const safetensors = await asSafetensors(files, scratch);
    const rows = path.join(settings.folder, 'step.jsonl');
    const peft = (name: string, model: string) => {
      const command = theirs(settings, name, 'peft_step.py', [model, rows, 'float32', 'all']);
      return { name, take: () => theirStart(command) };
    };
    const turns = [
      { name: OURS, take: () => ourStart(settings) },
      peft('PEFT f32, from the GGUF file', files.path),
      peft('PEFT f32, from safetensors', safetensors.path),
    ];
    const answers = await takeTurns(turns, settings.rounds + 1);
    const samples = new Map([...answers].map(([name, [, ...seconds]]) => [name, seconds]));
    return { rows: comparison(samples, 'side', OURS), more: {}, checks: {} };
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** Seconds. @throws Error where the run ends without a step */
async function ourStart({ folder, engine }: VersusSettings): Promise<number> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'versus-'));
  const metrics = path.join(scratch, 'run', 'metrics.jsonl');
  const bin = path.join(folder, '..', 'core', 'cli', 'palimpsest.js');
  const args = [bin, 'run', path.join(folder, 'step.yaml'), '--engine', engine, '--out', path.dirname(metrics)];
  const start = performance.now();
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const gone = new Promise((resolve) => child.once('exit', resolve));
  try {
    while (!(existsSync(metrics) && readFileSync(metrics, 'utf8').includes('\n'))) {
      if (child.exitCode !== null) throw new Error(`palimpsest run ended with status ${child.exitCode} before a step`);
      await setTimeout(LOOK);
    }
    return (performance.now() - start) / 1000;
  } finally {
    child.kill('SIGKILL');
    await gone;
    rmSync(scratch, { recursive: true });
  }
}

/** Seconds. */
async function theirStart(command: SideCommand): Promise<number> {
  const start = performance.now();
  const side = await Side.start(command);
  try {
    await side.ask({ steps: 1 });
    return (performance.now() - start) / 1000;
  } finally {
    await side.stop();
  }
}
