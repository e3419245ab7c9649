import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** This folder's C++ sources, which lie beside the compiled module too. */
export const kernelSources = fileURLToPath(new URL('.', import.meta.url));

/** The source that includes all others. */
export const KERNEL_MODULE = path.join(kernelSources, 'module.cc');

/**
 * How they are compiled: for the very machine, whose instructions are part of the library's name. TensorFlow's Eigen does not
 * compile where the processor has half-precision arithmetic (AVX512-FP16), which no source here uses, so it is not told of it.
 */
export const kernelFlags = [
  '-O3',
  '-march=native',
  '-U__AVX512FP16__',
  '-fno-math-errno',
  '-DEIGEN_MAX_ALIGN_BYTES=64',
  '-w',
] as const;

/** Where the library of these sources, compiled for this machine, lies beside an addon, whether or not it is there. */
export function kernelLibrary(addon: string): string {
  return path.join(path.dirname(addon), `kernels-${digest()}.so`);
}

let known: string | undefined;

/** A digest of the sources, the flags and what the processor can do. */
function digest(): string {
  if (known) return known;
  const hash = createHash('sha256').update(kernelFlags.join(' ')).update(processorFlags());
  const names = readdirSync(kernelSources).filter((name) => /\.(cc|h)$/.test(name));
  for (const name of names.sort()) hash.update(name).update(readFileSync(path.join(kernelSources, name)));
  known = hash.digest('hex').slice(0, 16);
  return known;
}

function processorFlags(): string {
  const file = '/proc/cpuinfo';
  if (!existsSync(file)) return process.arch;
  return readFileSync(file, 'utf8').match(/^flags\s*:.*$/m)?.[0] ?? process.arch;
}
