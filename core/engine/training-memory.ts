import type { BackboneMemory } from '../contracts/backbone.js';
import { problem } from '../errors.js';
import type { EngineInfo } from './engine.js';
import { type MachineMemory, machineMemory, WASM_HEAP } from './memory.js';

const FLOAT32 = 4;
const GB = 1e9;

/** Node, the engine's library, the tokenizer and what the garbage collector has not got to, in bytes. */
const PROCESS: Record<EngineInfo['name'], number> = { native: 0.57 * GB, wasm: 0.36 * GB, cpu: 0.36 * GB };

/** By how much what is resident exceeds the tensors: the allocator rounds up and leaves gaps. */
const ALLOCATION = 1.06;

/** Tensors [P, V] in the cross-entropy's backward pass, and those that are left when it is over. */
const LOGITS = { at: 6, after: 2 };

/**
 * Values for each one that trains: itself, its two moments, its gradient by name and packed; and within AdamW's update, as one native
 * operation or composed.
 */
const TRAINED = { inPass: 5, inUpdate: { native: 12, composed: 22 } };

/** What a training step is made of. */
export interface TrainingSizes {
  readonly engine: Pick<EngineInfo, 'name' | 'gpu' | 'kernels'>;
  readonly backbone: BackboneMemory;
  readonly vocabulary: number;
  /** Positions whose logits one pass needs. */
  readonly logits: number;
  /** Values that train. */
  readonly trained: number;
}

/** Peak of a training step on the engine, without the process around it, in bytes. */
function onEngine({ engine, backbone, vocabulary, logits, trained }: TrainingSizes): number {
  const logit = FLOAT32 * logits * vocabulary;
  const pass = ALLOCATION * Math.max(backbone.kept + LOGITS.at * logit, backbone.peak + LOGITS.after * logit);
  const value = FLOAT32 * trained;
  return (
    backbone.weights +
    Math.max(pass + TRAINED.inPass * value, TRAINED.inUpdate[engine.kernels ? 'native' : 'composed'] * value)
  );
}

/** Resident memory at the peak of a training run, in bytes; what methods and scoring hold is not counted. */
export function trainingMemory(sizes: TrainingSizes): number {
  return Math.round(PROCESS[sizes.engine.name] + onEngine(sizes));
}

/**
 * Refuses a run that the memory cannot hold: on wasm its heap too. A GPU's memory is not known here, and nothing is refused.
 * @param what names the run's largest pass, for the message @param resident what the process holds already, in bytes
 * @throws PalimpsestError MEMORY_TOO_SMALL
 */
export function assertTrains(
  sizes: TrainingSizes,
  what: string,
  machine: MachineMemory = machineMemory(),
  resident = process.memoryUsage.rss(),
): void {
  const { engine, backbone } = sizes;
  if (engine.gpu) return;
  const refuse = (room: number, needed: number) =>
    problem('MEMORY_TOO_SMALL', {
      where: what,
      expected: `at most ${gigabytes(room)} on the ${engine.name} engine`,
      got: `about ${gigabytes(needed)}`,
      remedy: remedyFor(engine, backbone),
    });
  if (engine.name === 'wasm' && onEngine(sizes) > WASM_HEAP) throw refuse(WASM_HEAP, onEngine(sizes));
  const room = machine.free + resident;
  if (trainingMemory(sizes) > room) throw refuse(room, trainingMemory(sizes));
}

function remedyFor({ name }: Pick<EngineInfo, 'name'>, { remedy }: BackboneMemory): string {
  const smaller = 'Set a smaller `training.batchSize` (with `training.accumulate` for steps as large).';
  const engine = name === 'wasm' ? 'Or use the native engine: `palimpsest engine install`.' : undefined;
  return [remedy, smaller, engine].filter(Boolean).join(' ');
}

/** Bytes as `1.6 GB`. */
export function gigabytes(bytes: number): string {
  return `${(bytes / GB).toFixed(1)} GB`;
}
