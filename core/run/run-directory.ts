import { appendFileSync, existsSync, mkdirSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { problem } from '../errors.js';

/** The folder that a run writes; made when there is something to write, so that a run refused before leaves none. */
export class RunDirectory {
  /** @param folder absolute */
  constructor(readonly folder: string) {}

  /**
   * What a run that was killed right away may have left, `beginnings`, is no hindrance.
   * @throws PalimpsestError OUTPUT_EXISTS where the folder holds anything else or is a file
   */
  assertFree(beginnings: readonly string[] = []): void {
    if (!existsSync(this.folder)) return;
    const isFolder = statSync(this.folder).isDirectory();
    if (isFolder && readdirSync(this.folder).every((name) => beginnings.includes(name.replace(/\.tmp$/, '')))) return;
    const got = isFolder ? 'one that holds files' : 'a file of that name';
    throw problem('OUTPUT_EXISTS', { where: this.folder, expected: 'no directory, or an empty one', got });
  }

  /** Whether it holds a run that is over. */
  isOver(): boolean {
    return existsSync(this.path('summary.json'));
  }

  /** @throws PalimpsestError OUTPUT_WRITE */
  create(): void {
    this.write(() => makeFolder(this.folder), this.folder);
  }

  /** Absolute path of a name in the directory. */
  path(...names: string[]): string {
    return path.join(this.folder, ...names);
  }

  /** Writes a JSON file whole: under another name first, then renamed. @throws PalimpsestError OUTPUT_WRITE */
  writeJson(name: string, value: unknown): void {
    this.writeText(name, `${JSON.stringify(value, null, 2)}\n`);
  }

  /** Writes one JSON value a line. @throws PalimpsestError OUTPUT_WRITE */
  writeJsonLines(name: string, values: readonly unknown[]): void {
    this.writeText(name, values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  }

  /** Adds one JSON value as a line. @throws PalimpsestError OUTPUT_WRITE */
  appendJsonLine(name: string, value: unknown): void {
    const file = this.path(name);
    this.write(() => appendFileSync(file, `${JSON.stringify(value)}\n`), file);
  }

  /** Writes a file whole, as `writeJson` does. @throws PalimpsestError OUTPUT_WRITE */
  writeText(name: string, text: string): void {
    const file = this.path(name);
    this.write(() => {
      makeFolder(path.dirname(file));
      writeFileSync(`${file}.tmp`, text);
      renameSync(`${file}.tmp`, file);
    }, file);
  }

  private write(action: () => void, where: string): void {
    try {
      action();
    } catch (error) {
      throw problem('OUTPUT_WRITE', { where, got: (error as Error).message });
    }
  }
}

/** Makes a folder and those above it, one by one: Node's recursive way never ends where the system allows none (/proc). */
function makeFolder(folder: string): void {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder);
}

/**
 * Where a run without --out goes: `runs/<config's name>-<time>` in the working directory, a name that is not taken.
 * @param planned folders of other runs, absolute
 */
export function defaultRunFolder(configFile: string, now: Date, planned: readonly string[] = []): string {
  const name = path.basename(configFile, path.extname(configFile));
  const time = now.toISOString().slice(0, 19).replaceAll(':', '-');
  const first = path.resolve('runs', `${name}-${time}`);
  let folder = first;
  for (let number = 2; existsSync(folder) || planned.includes(folder); number++) folder = `${first}-${number}`;
  return folder;
}
