#!/usr/bin/env node
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = path.join(root, 'dist');
const stampFile = path.join(dist, '.stamp');
const lock = `${dist}.lock`;

/** Longest wait for another process that is building, in milliseconds. */
const PATIENCE = 120_000;

/**
 * Brings dist/ up to date with the TypeScript sources. An installed package has none, and nothing to do. Types are not
 * checked here (`npm run typecheck` does that). Several processes may call this at once: one builds, the others wait.
 */
export async function ensureBuilt() {
  if (!existsSync(path.join(root, 'core', 'cli', 'main.ts'))) return;
  const stamp = sourcesStamp();
  if (stamp === builtStamp()) return;
  await acquireLock();
  if (stamp !== builtStamp()) build(stamp);
  releaseLock();
}

/** A digest of names, sizes and times of everything that dist/ is made of. */
function sourcesStamp() {
  const files = ['core', 'plugins']
    .flatMap((folder) =>
      readdirSync(path.join(root, folder), { recursive: true }).map((name) => path.join(folder, name)),
    )
    .filter((name) => name.endsWith('.ts') || isCopied(name))
    .concat('package.json', 'tsconfig.json')
    .sort();
  const hash = createHash('sha256');
  for (const file of files) {
    const stats = statSync(path.join(root, file), { throwIfNoEntry: false });
    hash.update(`${file} ${stats?.size} ${stats?.mtimeMs}\n`);
  }
  return hash.digest('hex');
}

function builtStamp() {
  return existsSync(stampFile) ? readFileSync(stampFile, 'utf8') : undefined;
}

/** Compiles into a folder of this process and then puts that in place of dist/. */
function build(stamp) {
  const started = Date.now();
  const fresh = `${dist}.new-${process.pid}`;
  const old = `${dist}.old-${process.pid}`;
  compile(fresh);
  writeFileSync(path.join(fresh, '.stamp'), stamp);
  if (existsSync(dist)) renameSync(dist, old);
  renameSync(fresh, dist);
  rmSync(old, { recursive: true, force: true });
  process.stderr.write(`palimpsest: built dist/ in ${((Date.now() - started) / 1000).toFixed(1)} s\n`);
}

function compile(folder) {
  const compiler = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  if (!existsSync(compiler)) fail('the TypeScript compiler is not installed; run `npm ci` first');
  rmSync(folder, { recursive: true, force: true });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [compiler, '-p', path.join(root, 'tsconfig.json'), '--outDir', folder, '--noCheck', '--noEmitOnError'],
    { encoding: 'utf8', cwd: root },
  );
  if (status === 0) return copySources(folder);
  rmSync(folder, { recursive: true, force: true });
  fail(`the build failed\n${stdout}${stderr}`.trim());
}

/** The C++ that is compiled where the native engine is installed, and the Python of searches, lie beside what reads them. */
function copySources(folder) {
  const names = readdirSync(path.join(root, 'core'), { recursive: true }).filter(isCopied);
  for (const name of names) copyFileSync(path.join(root, 'core', name), path.join(folder, 'core', name));
}

function isCopied(name) {
  return /\.(cc|h|py)$/.test(name);
}

/** Takes the lock, waiting while a living process holds it. It is given back at the latest when this process ends. */
async function acquireLock() {
  const deadline = Date.now() + PATIENCE;
  while (!takeLock()) {
    if (abandoned()) rmSync(lock, { force: true });
    else if (Date.now() > deadline) fail(`another build does not end; if none is running, remove ${lock}`);
    else await new Promise((resolve) => setTimeout(resolve, 100));
  }
  process.once('exit', releaseLock);
}

function releaseLock() {
  process.removeListener('exit', releaseLock);
  rmSync(lock, { force: true });
}

function takeLock() {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

function abandoned() {
  try {
    const owner = Number(readFileSync(lock, 'utf8'));
    if (owner) process.kill(owner, 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

function fail(message) {
  process.stderr.write(`palimpsest: ${message}\n`);
  process.exit(1);
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) await ensureBuilt();
