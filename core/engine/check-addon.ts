import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { problem } from '../errors.js';
import type { NativePackage } from './native-package.js';

/* Runs in a process of its own: a product of two 64 x 64 matrices, compared with the same sums in plain JavaScript. */
const PRODUCT = `
const [folder, finder, addon] = process.argv.slice(1);
require('node:util').isNullOrUndefined = (value) => value == null;
require.cache[finder] = { id: finder, filename: finder, loaded: true, exports: { find: () => addon } };
const tf = require(folder);
const n = 64;
const side = (seed) => Float32Array.from({ length: n * n }, (_, i) => ((i * seed) % 17) / 8 - 1);
const [a, b] = [side(5), side(11)];
const c = tf.matMul(tf.tensor2d(a, [n, n]), tf.tensor2d(b, [n, n])).dataSync();
let worst = 0;
for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) {
  let sum = 0;
  for (let k = 0; k < n; k++) sum += a[i * n + k] * b[k * n + j];
  worst = Math.max(worst, Math.abs(sum - c[i * n + j]));
}
if (!(worst < 1e-3)) throw new Error('the product differs by ' + worst);
process.exit(0);
`;

/** Loads a compiled addon in a child process and checks one matrix product. @throws PalimpsestError ENGINE_BUILD */
export function checkAddon(place: NativePackage, addon: string): void {
  const finder = createRequire(path.join(place.folder, 'package.json')).resolve('@mapbox/node-pre-gyp');
  const { status, signal, stderr } = spawnSync(process.execPath, ['-e', PRODUCT, place.folder, finder, addon], {
    encoding: 'utf8',
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
  });
  if (status === 0) return;
  const said = stderr.match(/^\w*Error: .*$/m)?.[0] ?? stderr.trim().split('\n').at(-1) ?? '';
  throw problem('ENGINE_BUILD', {
    where: addon,
    expected: 'the test product to pass',
    got: `${signal ?? `exit status ${status}`}: ${said}`,
    remedy: 'Run `palimpsest engine remove` and then `palimpsest engine install` again, or use `--engine wasm`.',
  });
}
