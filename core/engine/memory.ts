import { freemem, totalmem } from 'node:os';
import { problem } from '../errors.js';
import type { EngineInfo } from './engine.js';

const GIB = 2 ** 30;
const FLOAT32 = 4;
/** Bytes that a WebAssembly module can address. */
export const WASM_HEAP = 4 * GIB;
/** Bytes of the wasm heap left for activations and the tokens' logits. */
const WASM_WORKING_ROOM = 0.5 * GIB;

/** Memory of the machine, or of the container where that has less; in bytes. */
export interface MachineMemory {
  readonly total: number;
  readonly free: number;
}

export function machineMemory(): MachineMemory {
  const limit = process.constrainedMemory();
  const total = limit > 0 && limit < totalmem() ? limit : totalmem();
  return { total, free: Math.min(total, process.availableMemory?.() ?? freemem()) };
}

export interface FitQuestion {
  /** Weights of the model. */
  readonly parameters: number;
  /** Bytes that they take where the engine needs one copy, if the backbone tells; else 4 each. */
  readonly weights?: number;
  readonly engine: EngineInfo['name'];
  /** What is to be loaded, for the message. */
  readonly what: string;
}

/**
 * Refuses a model whose weights alone exceed what an engine can hold: on wasm a heap of 4 GiB in which each matrix lies
 * in both orientations, elsewhere the memory that is free.
 * @throws PalimpsestError MEMORY_TOO_SMALL
 */
export function assertFits({ parameters, weights, engine, what }: FitQuestion, machine = machineMemory()): void {
  const onWasm = engine === 'wasm';
  const needed = onWasm ? 2 * parameters * FLOAT32 : (weights ?? parameters * FLOAT32);
  const room = onWasm ? Math.min(WASM_HEAP - WASM_WORKING_ROOM, machine.free) : machine.free;
  if (needed <= room) return;
  throw problem('MEMORY_TOO_SMALL', {
    where: what,
    expected: `at most ${gib(room)} of weights on the ${engine} engine`,
    got: gib(needed),
  });
}

function gib(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`;
}
