import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { problem } from '../errors.js';
import { BINDING, LOADER_SOURCE } from './addon-loader.js';
import { libraries } from './fetch-library.js';
import { KERNEL_MODULE, kernelFlags } from './kernels/library.js';
import type { NativePackage } from './native-package.js';

const common = ['-std=c++17', '-fPIC', '-shared'];

/** The C++ compiler: $CXX, else g++, c++ or clang++. @throws PalimpsestError ENGINE_BUILD */
export function findCompiler(): string {
  const { CXX } = process.env;
  const candidates = CXX ? [CXX] : ['g++', 'c++', 'clang++'];
  const found = candidates.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0);
  if (found) return found;
  throw problem('ENGINE_BUILD', {
    where: CXX ? 'CXX' : 'PATH',
    expected: candidates.join(', '),
    got: 'no C++ compiler',
  });
}

/**
 * Compiles the npm package's own C++ sources, linked against the libraries of a cache entry, and the loader for them.
 * @param entry cache entry with `tensorflow/` (libraries and `include/`)
 * @param addon file for Node to load, two folders below the entry
 * @throws PalimpsestError ENGINE_BUILD
 */
export function compileAddon(compiler: string, place: NativePackage, entry: string, addon: string): void {
  const options = [...common, '-O2', `-DNAPI_VERSION=${place.nodeApi}`, `-I${nodeHeaders()}`];
  const binding = [
    ...[path.join(entry, 'tensorflow', 'include'), place.folder].map((folder) => `-I${folder}`),
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((source) => path.join(place.folder, 'binding', source)),
    ...linked(entry),
  ];
  compile(compiler, [...options, ...binding, '-o', path.join(path.dirname(addon), BINDING)]);
  compile(compiler, [...options, '-x', 'c++', '-', '-ldl', '-o', addon], LOADER_SOURCE);
}

/**
 * Compiles this project's own operations for this machine. @param library file to write
 * @throws PalimpsestError ENGINE_BUILD
 */
export function compileKernels(compiler: string, entry: string, library: string): void {
  const includes = [path.join(entry, 'tensorflow', 'include'), nodeHeaders()].map((folder) => `-I${folder}`);
  compile(compiler, [...common, ...kernelFlags, ...includes, KERNEL_MODULE, ...linked(entry), '-o', library]);
}

/** Options that link the libraries of a cache entry, found again at run time from a folder beside them. */
function linked(entry: string): string[] {
  const rpaths = ['$ORIGIN/../tensorflow', path.join(entry, 'tensorflow')];
  return [...libraries.map((library) => path.join(entry, library)), ...rpaths.map((folder) => `-Wl,-rpath,${folder}`)];
}

function nodeHeaders(): string {
  return (createRequire(import.meta.url)('node-api-headers') as { include_dir: string }).include_dir;
}

function compile(compiler: string, args: readonly string[], input = ''): void {
  const { status, stderr, error } = spawnSync(compiler, args, { input, encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status === 0) return;
  const said = error?.message ?? stderr.split('\n').find((line) => /error|undefined/i.test(line)) ?? stderr;
  throw problem('ENGINE_BUILD', {
    where: compiler,
    expected: 'the sources to compile',
    got: `exit status ${status}: ${said.trim()}`,
    remedy: 'Use a compiler that knows C++17 (set CXX to it) and run `palimpsest engine install` again.',
  });
}
