import { parseDocument } from 'yaml';
import { problem } from '../errors.js';
import { type ConfigPath, type ConfigSource, describeValue } from './config-file.js';

/** A value given on the command line in place of the config's. */
export interface Override extends ConfigSource {
  readonly path: ConfigPath;
  readonly value: unknown;
}

/** Parses `a.b.0.c=value`; the value is read as YAML. @throws PalimpsestError USAGE, CONFIG_VALUE */
export function parseOverride(text: string): Override {
  const split = text.indexOf('=');
  const keys = text.slice(0, split).split('.');
  const where = `--set ${text}`;
  if (split < 1 || keys.some((key) => key === '')) {
    throw problem('USAGE', { where, expected: 'key=value, keys separated by dots', got: text });
  }
  const document = parseDocument(text.slice(split + 1), { prettyErrors: false });
  if (document.errors.length > 0) {
    throw problem('CONFIG_VALUE', { where, expected: 'a YAML value', got: document.errors[0].message });
  }
  return makeOverride(where, keys, document.toJS());
}

/** An override that an option of its own stands for, such as `--seed`. */
export function makeOverride(name: string, path: ConfigPath, value: unknown): Override {
  const locate = (asked: ConfigPath) =>
    path.every((key, i) => i >= asked.length || String(key) === String(asked[i])) && asked.length >= path.length
      ? name
      : undefined;
  return { name, path, value, locate };
}

/** Puts the value into the config: into objects by key (made where absent), into lists by index. @throws PalimpsestError CONFIG_VALUE */
export function applyOverride(config: Record<string, unknown>, { path, value, name }: Override): void {
  let place: unknown = config;
  for (const [depth, key] of path.entries()) {
    const last = depth === path.length - 1;
    if (Array.isArray(place)) place = intoList(place, { key, last, value, name, example: exampleOf(path, depth) });
    else if (typeof place === 'object' && place !== null)
      place = intoObject(place, { key, last, value, absent: path[depth + 1] === '0' ? [] : {} });
    else {
      const got = `${path.slice(0, depth).join('.')} is ${describeValue(place)}`;
      throw problem('CONFIG_VALUE', { where: name, expected: 'an object or a list to set a key of', got });
    }
  }
}

interface Step {
  readonly key: string | number;
  readonly last: boolean;
  readonly value: unknown;
}

function intoObject(place: object, { key, last, value, absent }: Step & { absent: object }): unknown {
  const held = Object.hasOwn(place, key) ? Reflect.get(place, key) : undefined;
  const next = last ? value : (held ?? absent);
  Object.defineProperty(place, key, { value: next, enumerable: true, configurable: true, writable: true });
  return next;
}

/** The path with the index of a list's first entry before the key at a depth. */
function exampleOf(path: ConfigPath, depth: number): string {
  return [...path.slice(0, depth), 0, ...path.slice(depth)].join('.');
}

interface ListStep extends Step {
  /** The option. */
  readonly name: string;
  /** A path that names an entry. */
  readonly example: string;
}

/** What an index into a list may be, in words. */
function expectedIndex({ length }: readonly unknown[], last: boolean): string {
  if (length > 0) return `an index from 0 to ${length - 1} (${length} adds one)`;
  return last ? 'index 0' : 'a list with entries';
}

function intoList(list: unknown[], { key, last, value, name, example }: ListStep): unknown {
  const index = /^\d+$/.test(String(key)) ? Number(key) : -1;
  if (index < 0 || index > list.length || (index === list.length && !last)) {
    const expected = expectedIndex(list, last);
    const remedy = index < 0 ? `Name an entry, for example \`${example}\`.` : 'Name an entry that is there.';
    throw problem('CONFIG_VALUE', { where: name, expected, got: String(key), remedy });
  }
  if (last) list[index] = value;
  return list[index];
}
