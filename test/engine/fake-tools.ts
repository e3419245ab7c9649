import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { NativePackage } from '../../core/engine/native-package.js';
import type { Release } from '../../core/engine/release.js';
import { sha256Of } from '../../core/weights/checksum.js';

/** The Python that unpacks, or nothing where the machine has none. */
export const realPython = [
  '/usr/bin/python3',
  ...(process.env.PATH ?? '').split(':').map((dir) => `${dir}/python3`),
].find((file) => existsSync(file) && spawnSync(file, ['-c', 'import zipfile']).status === 0);

const ZIP = `
import sys, zipfile, os
target, source = sys.argv[1:]
with zipfile.ZipFile(target, 'w') as archive:
    for folder, _, names in os.walk(source):
        for name in names:
            file = os.path.join(folder, name)
            archive.write(file, os.path.relpath(file, source))
`;

/* Stands in for the npm package: its product is right where the addon that it finds says "good". */
const PACKAGE = `
const good = require('fs').readFileSync(require('@mapbox/node-pre-gyp').find(), 'utf8').includes('good');
exports.tensor2d = (values) => values;
exports.matMul = (a, b) => {
  const c = new Float64Array(64 * 64);
  for (let i = 0; i < 64; i++) for (let j = 0; j < 64; j++) for (let k = 0; k < 64; k++)
    c[i * 64 + j] += a[i * 64 + k] * b[k * 64 + j];
  return { dataSync: () => (good ? c : c.fill(0)) };
};
`;

/** A folder with stand-ins for python3 and g++, a tiny wheel and a tiny npm package. */
export class FakeTools {
  readonly root = mkdtempSync(path.join(tmpdir(), 'engine-test-'));
  readonly bin = path.join(this.root, 'bin');
  readonly cache = path.join(this.root, 'cache');
  readonly place: NativePackage;
  readonly wheel = path.join(this.root, 'fake_tensorflow-1.0.whl');
  private readonly log = path.join(this.root, 'calls.log');

  constructor() {
    mkdirSync(this.bin);
    this.place = this.writePackage();
    this.writeWheel();
    this.python(`/bin/cp "${this.wheel}" "$(destination --dest "$@")"`);
    this.compiler('output=$(destination -o "$@"); echo good > "$output"');
  }

  /** What `python3 -m pip ...` does; anything else goes to the real one. */
  python(pip: string): void {
    this.tool('python3', `case "$*" in "-m pip"*) ${pip} ;; *) exec "${realPython}" "$@" ;; esac`);
  }

  compiler(script: string): void {
    this.tool('g++', `case "$*" in --version) exit 0 ;; esac\n${script}`);
  }

  remove(name: 'python3' | 'g++'): void {
    rmSync(path.join(this.bin, name));
  }

  /** The calls of a tool so far, each as its arguments. */
  calls(name: 'python3' | 'g++'): string[] {
    if (!existsSync(this.log)) return [];
    const lines = readFileSync(this.log, 'utf8').split('\n');
    return lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
  }

  async release(changes: Partial<Release> = {}): Promise<Release> {
    const { size } = statSync(this.wheel);
    const facts = { wheel: path.basename(this.wheel), size, sha256: await sha256Of(this.wheel), disk: 1 };
    return { flavour: 'cpu', version: '1.0', package: 'fake-tensorflow', ...facts, ...changes };
  }

  /** Packs the wheel; `library` other than what RECORD says makes it a damaged one. */
  writeWheel(library = 'library'): void {
    const source = path.join(this.root, `wheel-${library}`);
    const digest = (text: string) => createHash('sha256').update(text).digest('base64url');
    const files = {
      'tensorflow/libtensorflow_cc.so.2': library,
      'tensorflow/libtensorflow_framework.so.2': 'framework',
      'tensorflow/include/tensorflow/c/c_api.h': '',
      'tensorflow/include/google/protobuf/port_undef.inc': '',
      'tensorflow/python/unused.py': '',
      'fake_tensorflow-1.0.dist-info/RECORD': [
        `tensorflow/libtensorflow_cc.so.2,sha256=${digest('library')},7`,
        `tensorflow/libtensorflow_framework.so.2,sha256=${digest('framework')},9`,
      ].join('\n'),
      'fake_tensorflow-1.0.dist-info/METADATA':
        'Requires-Dist: numpy\nRequires-Dist: nvidia-blas<13; extra == "and-cuda"\n',
    };
    writeFiles(source, files);
    execFileSync(`${realPython}`, ['-c', ZIP, this.wheel, source]);
  }

  dispose(): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  private tool(name: string, script: string): void {
    const find = 'destination() { want=$1; shift; while [ "$1" != "$want" ]; do shift; done; echo "$2"; }';
    const file = path.join(this.bin, name);
    writeFileSync(file, `#!/bin/sh\necho "${name} $*" >> "${this.log}"\n${find}\n${script}\n`);
    chmodSync(file, 0o755);
  }

  private writePackage(): NativePackage {
    const folder = path.join(this.root, 'package');
    writeFiles(folder, {
      'package.json': '{ "name": "fake", "main": "index.js" }',
      'index.js': PACKAGE,
      // A getter alone, as in the real package: an assignment to it does nothing.
      'node_modules/@mapbox/node-pre-gyp/index.js':
        'Object.defineProperty(exports, "find", { get: () => () => "/nowhere", enumerable: true });',
    });
    return { folder, version: '0.1', nodeApi: 8, addon: path.join(folder, 'lib', 'napi-v8', 'tfjs_binding.node') };
  }
}

function writeFiles(folder: string, files: Record<string, string>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
}
