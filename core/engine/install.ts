import { existsSync, lstatSync, readlinkSync } from 'node:fs';
import { mkdir, rename, rm, statfs, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { problem } from '../errors.js';
import type { Logger } from '../logger.js';
import type { Progress } from '../weights/progress.js';
import { checkAddon } from './check-addon.js';
import { compileAddon, compileKernels, findCompiler } from './compile-addon.js';
import { addonPlace, enginesFolder, entryFolder, entryFolders, type InstallationRecord } from './engine-cache.js';
import { fetchLibrary, isComplete, removeLeftovers } from './fetch-library.js';
import { kernelLibrary } from './kernels/library.js';
import { findNativePackage, linkAddon, NATIVE_PACKAGE, type NativePackage } from './native-package.js';
import type { Release } from './release.js';

export interface InstallOptions {
  readonly logger: Logger;
  readonly progress?: Progress;
  /** The npm package to compile and link into; by default the one that Palimpsest itself would load. */
  readonly place?: NativePackage;
}

/**
 * Sets the native engine up: library into the cache, addon and own operations compiled there, the addon tried with a test
 * product and linked into the npm package. Finished steps of an earlier call are not repeated. Returns the path of the addon.
 * @throws PalimpsestError ENGINE_MISSING, ENGINE_DOWNLOAD, ENGINE_BUILD
 */
export async function installEngine(release: Release, options: InstallOptions): Promise<string> {
  const { logger, progress = () => {}, place = requirePackage() } = options;
  const entry = entryFolder(release.flavour, release.version);
  const built = addonPlace(entry, place.version, place.nodeApi);
  const kernels = kernelLibrary(built.addon);
  if (existsSync(built.record) && existsSync(kernels)) {
    logger.info('Already in the cache; only the link is made.');
    await utimes(built.record, new Date(), new Date());
  } else {
    refuseOtherMachines();
    const compiler = findCompiler();
    await removeLeftovers(entry);
    await refuseFullDisk(release, entry);
    logger.info(`Library: ${release.package} ${release.version}, through pip, into ${entry} ...`);
    await fetchLibrary(release, entry, progress);
    logger.info(`Compiling with ${compiler} ...`);
    if (!existsSync(built.record)) await buildAddon(compiler, release, entry, place);
    await buildKernels(compiler, entry, kernels, logger);
  }
  linkAddon(place, built.addon);
  return built.addon;
}

/** Unlinks the addon and deletes every installation from the cache. Returns the deleted folders. */
export async function removeEngine(place = findNativePackage()): Promise<string[]> {
  const link = place?.addon;
  if (link && lstatSync(link, { throwIfNoEntry: false })?.isSymbolicLink()) {
    const target = path.resolve(path.dirname(link), readlinkSync(link));
    if (target.startsWith(enginesFolder() + path.sep)) await rm(link);
  }
  const entries = entryFolders();
  for (const entry of entries) await rm(entry, { recursive: true });
  return entries;
}

async function buildAddon(compiler: string, release: Release, entry: string, place: NativePackage): Promise<void> {
  const { flavour, version } = release;
  const built = addonPlace(entry, place.version, place.nodeApi);
  const scratch = `${built.folder}.${process.pid}`;
  const addon = path.join(scratch, path.basename(built.addon));
  const record: InstallationRecord = { flavour, tensorflow: version, tfjs: place.version, nodeApi: place.nodeApi };
  try {
    await mkdir(scratch);
    compileAddon(compiler, place, entry, addon);
    checkAddon(place, addon);
    await writeFile(path.join(scratch, path.basename(built.record)), JSON.stringify(record));
    await rm(built.folder, { recursive: true, force: true });
    await rename(scratch, built.folder);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The engine runs without them, more slowly. @param library where they belong, beside the addon */
async function buildKernels(compiler: string, entry: string, library: string, logger: Logger): Promise<void> {
  const scratch = `${library}.${process.pid}`;
  try {
    compileKernels(compiler, entry, scratch);
    await rename(scratch, library);
  } catch (error) {
    logger.warn(`The engine goes on without its own operations: ${(error as Error).message}`);
  } finally {
    await rm(scratch, { force: true });
  }
}

function requirePackage(): NativePackage {
  const place = findNativePackage();
  if (place) return place;
  throw problem('ENGINE_MISSING', {
    where: 'native',
    expected: `the npm package ${NATIVE_PACKAGE}`,
    got: 'none',
    remedy: `Run \`npm install --ignore-scripts ${NATIVE_PACKAGE}@4.22.0\` and then \`palimpsest engine install\`.`,
  });
}

function refuseOtherMachines(): void {
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (process.platform === 'linux' && process.arch === 'x64' && header.glibcVersionRuntime) return;
  throw problem('ENGINE_BUILD', {
    where: 'native',
    expected: 'Linux on x64 with glibc',
    got: `${process.platform} on ${process.arch}`,
    remedy: 'Use `--engine wasm`, which runs everywhere.',
  });
}

async function refuseFullDisk({ disk }: Release, entry: string): Promise<void> {
  if (isComplete(entry)) return;
  await mkdir(entry, { recursive: true });
  const { bavail, bsize } = await statfs(entry);
  if (bavail * bsize >= disk) return;
  throw problem('ENGINE_DOWNLOAD', {
    where: entry,
    expected: `${(disk / 1e9).toFixed(1)} GB of free disk`,
    got: `${((bavail * bsize) / 1e9).toFixed(1)} GB`,
    remedy: 'Make room, or set PALIMPSEST_CACHE to a folder on another disk.',
  });
}
