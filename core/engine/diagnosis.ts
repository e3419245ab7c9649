import { type EngineInfo, nativeObstacle, useEngine } from './engine.js';
import { type MachineMemory, machineMemory } from './memory.js';
import { productSpeed } from './speed.js';

/** An engine that runs here; `gflops` is the speed of a float32 product. */
export interface RunningEngine {
  readonly name: EngineInfo['name'];
  readonly info: EngineInfo;
  readonly gflops: number;
}

/** An engine that does not, and why. */
export interface MissingEngine {
  readonly name: EngineInfo['name'];
  readonly missing: string;
}

export type EngineState = RunningEngine | MissingEngine;

/** What `palimpsest doctor` finds out about a machine. */
export interface Diagnosis {
  readonly node: string;
  readonly platform: string;
  /** The engine that `auto` chooses. */
  readonly auto: EngineInfo['name'];
  readonly engines: readonly EngineState[];
  readonly memory: MachineMemory;
}

/** Starts each engine and times a product on it; ends with the one that `auto` chooses. */
export async function diagnose(): Promise<Diagnosis> {
  const engines: EngineState[] = [];
  for (const name of ['native', 'wasm', 'cpu'] as const) engines.push(await tryEngine(name));
  const { name: auto } = await useEngine('auto');
  const platform = `${process.platform} ${process.arch}`;
  return { node: process.versions.node, platform, auto, engines, memory: machineMemory() };
}

async function tryEngine(name: EngineInfo['name']): Promise<EngineState> {
  const obstacle = name === 'native' ? nativeObstacle() : undefined;
  if (obstacle) return { name, missing: obstacle };
  try {
    const info = await useEngine(name);
    return { name, info, gflops: productSpeed() };
  } catch (error) {
    return { name, missing: (error as Error).message };
  }
}
