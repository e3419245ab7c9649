import { existsSync, realpathSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import * as tf from '@tensorflow/tfjs-core';
import type { RunEngine } from '../contracts/observer.js';
import { problem } from '../errors.js';
import { allowBfloat16 } from './native-operations.js';
import './gradients.js';
import { installedEngines } from './engine-cache.js';
import { gpuName } from './gpu.js';
import { loadKernels } from './kernels/kernels.js';
import { kernelLibrary } from './kernels/library.js';
import { findNativePackage, hasAddon, linkAddon, loadNativePackage, NATIVE_PACKAGE } from './native-package.js';

/** What a user may ask for. `auto` is native where it is installed and loads, else wasm. */
export type EngineName = 'auto' | 'native' | 'wasm' | 'cpu';

/** The engine in use. */
export interface EngineInfo extends RunEngine {
  /** Version of the TensorFlow library (native only). */
  readonly tensorflow?: string;
  /** Threads that one operation may use. */
  readonly threads: number;
  /** Whether fused operations run as one each (native on the processor only): `palimpsest engine install` compiles them. */
  readonly kernels?: boolean;
}

/** The part of the native backend that tells about its library. */
interface NativeBackend extends tf.KernelBackend {
  readonly binding: { readonly TF_Version: string };
  readonly isUsingGpuDevice: boolean;
}

const NAMES: readonly string[] = ['auto', 'native', 'wasm', 'cpu'] satisfies EngineName[];
const started = new Map<EngineInfo['name'], EngineInfo>();
let current: EngineInfo | undefined;

/**
 * Makes an engine the TensorFlow.js backend. Asking again for the same one changes nothing.
 * The environment variable PALIMPSEST_ENGINE stands in for `auto`.
 * @throws PalimpsestError ENGINE_UNKNOWN, ENGINE_MISSING
 */
export async function useEngine(name: EngineName): Promise<EngineInfo> {
  tf.env().set('PROD', true); // keeps TensorFlow.js from advertising other packages
  const wanted = checkedName(name, '--engine');
  const chosen = wanted === 'auto' ? checkedName(process.env.PALIMPSEST_ENGINE || 'auto', 'PALIMPSEST_ENGINE') : wanted;
  current = chosen === 'auto' ? await startBest() : await start(chosen);
  return current;
}

/** The engine that the last `useEngine` chose. */
export function currentEngine(): EngineInfo {
  if (!current) throw new Error('useEngine must be called before currentEngine');
  return current;
}

/** Says why the native engine cannot be tried, or nothing where it can; links an addon that the cache holds. */
export function nativeObstacle(place = findNativePackage()): string | undefined {
  if (!place) return `no npm package ${NATIVE_PACKAGE}`;
  if (hasAddon(place)) return undefined;
  const built = installedEngines().find(({ tfjs, nodeApi }) => tfjs === place.version && nodeApi === place.nodeApi);
  if (!built) return 'no compiled addon';
  linkAddon(place, built.addon);
  return undefined;
}

/** What `auto` is in this process from its first use on: several runs of one command are never of two engines. */
let best: EngineInfo | undefined;

async function startBest(): Promise<EngineInfo> {
  if (best) await start(best.name);
  best ??= await startFirst();
  return best;
}

async function startFirst(): Promise<EngineInfo> {
  if (nativeObstacle() === undefined) {
    try {
      return await start('native');
    } catch (error) {
      console.warn(`${(error as Error).message} Continuing with wasm.`);
    }
  }
  return { ...(await start('wasm')), fallback: true };
}

async function start(name: EngineInfo['name']): Promise<EngineInfo> {
  const known = started.get(name);
  if (known) {
    await tf.setBackend(backendName(name));
    return known;
  }
  const info = await starters[name]();
  started.set(name, info);
  return info;
}

const starters: Record<EngineInfo['name'], () => Promise<EngineInfo>> = {
  native: startNative,
  wasm: startWasm,
  cpu: async () => {
    await import('@tensorflow/tfjs-backend-cpu');
    await setBackend('cpu');
    return { name: 'cpu', threads: 1 };
  },
};

async function startNative(): Promise<EngineInfo> {
  const obstacle = nativeObstacle();
  if (obstacle) throw missing(obstacle);
  try {
    loadNativePackage();
  } catch (error) {
    throw missing(`an addon that does not load: ${(error as Error).message}`);
  }
  await setBackend('native');
  allowBfloat16();
  const { binding, isUsingGpuDevice } = tf.backend() as NativeBackend;
  const threads = Number(process.env.TF_NUM_INTRAOP_THREADS) || availableParallelism();
  if (isUsingGpuDevice)
    return { name: 'native', tensorflow: binding.TF_Version, threads, gpu: gpuName() ?? 'unnamed GPU' };
  return { name: 'native', tensorflow: binding.TF_Version, threads, kernels: startKernels() };
}

/** Opens the library of this project's own operations, and says whether it could. */
function startKernels(): boolean {
  const place = findNativePackage();
  const library = place && kernelLibrary(realpathSync(place.addon));
  if (!library || !existsSync(library)) return false;
  try {
    loadKernels(library);
  } catch (error) {
    console.warn(`The native operations do not load: ${(error as Error).message} Continuing with TensorFlow's.`);
    return false;
  }
  return true;
}

async function startWasm(): Promise<EngineInfo> {
  const restoreHandlers = keepErrorHandlers();
  const wasm = await import('@tensorflow/tfjs-backend-wasm');
  await setBackend('wasm');
  restoreHandlers();
  return { name: 'wasm', threads: wasm.getThreadsCount() };
}

/** The wasm module's start-up adds handlers that turn any uncaught error into its own abort; this takes them out. */
function keepErrorHandlers(): () => void {
  const events = ['uncaughtException', 'unhandledRejection'] as unknown as 'exit'[];
  const before = new Set(events.flatMap((event) => process.listeners(event)));
  return () => {
    for (const event of events) {
      const added = process.listeners(event).filter((listener) => !before.has(listener));
      for (const listener of added) process.removeListener(event, listener);
    }
  };
}

async function setBackend(name: EngineInfo['name']): Promise<void> {
  if (!(await tf.setBackend(backendName(name)))) {
    throw problem('ENGINE_MISSING', { where: name, got: 'a backend that does not start' });
  }
}

function backendName(name: EngineInfo['name']): string {
  return name === 'native' ? 'tensorflow' : name;
}

function checkedName(name: string, where: string): EngineName {
  if (NAMES.includes(name)) return name as EngineName;
  throw problem('ENGINE_UNKNOWN', { where, expected: NAMES.join(', '), got: name });
}

function missing(got: string): Error {
  return problem('ENGINE_MISSING', { where: 'native', got });
}
