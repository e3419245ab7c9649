import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/** The npm package whose JavaScript and C++ sources the native engine uses; an optional dependency. */
export const NATIVE_PACKAGE = '@tensorflow/tfjs-node-gpu';

const require = createRequire(import.meta.url);

/** Where the npm package lies and where it looks for its compiled addon. */
export interface NativePackage {
  readonly folder: string;
  readonly version: string;
  /** Node-API level that the addon is compiled for, and part of `addon`. */
  readonly nodeApi: number;
  /** The path that the package loads, whether or not something is there. */
  readonly addon: string;
}

/** Finds the npm package as Node would from here, or nothing where it is not installed. */
export function findNativePackage(): NativePackage | undefined {
  let manifestPath: string;
  try {
    manifestPath = require.resolve(`${NATIVE_PACKAGE}/package.json`);
  } catch {
    return undefined;
  }
  const { version, binary } = JSON.parse(readFileSync(manifestPath, 'utf8')) as {
    version: string;
    binary: { napi_versions: number[] };
  };
  const folder = path.dirname(manifestPath);
  const supported = binary.napi_versions.filter((level) => level <= Number(process.versions.napi));
  const nodeApi = Math.max(...supported);
  return { folder, version, nodeApi, addon: path.join(folder, 'lib', `napi-v${nodeApi}`, 'tfjs_binding.node') };
}

/** Lets the package find a compiled addon: a link at `place.addon`, in one step, replacing what is there. */
export function linkAddon(place: NativePackage, compiled: string): void {
  mkdirSync(path.dirname(place.addon), { recursive: true });
  const temporary = `${place.addon}.${process.pid}`;
  rmSync(temporary, { force: true });
  symlinkSync(compiled, temporary);
  renameSync(temporary, place.addon);
}

/** Loads the package, which registers the TensorFlow.js backend `tensorflow`. @throws whatever loading throws */
export function loadNativePackage(): void {
  process.env.TF_CPP_MIN_LOG_LEVEL ??= '2';
  const util = require('node:util') as Record<'isNullOrUndefined' | 'isArray', (value: unknown) => boolean>;
  util.isNullOrUndefined = (value) => value === null || value === undefined; // gone since Node 23, still called
  util.isArray = Array.isArray; // warns that it is deprecated since Node 22, still called
  require(NATIVE_PACKAGE);
}

/** Whether an addon is in place (a link to a deleted file is not one). */
export function hasAddon(place: NativePackage): boolean {
  return existsSync(place.addon);
}
