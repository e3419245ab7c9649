import { readFileSync } from 'node:fs';
import { type Document, isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { problem } from '../errors.js';

/** Keys and list indices from the config's root. */
export type ConfigPath = readonly (string | number)[];

/** Something that values of the config came from: a file, or a `--set` on the command line. */
export interface ConfigSource {
  /** The file's path as errors name it, or the option. */
  readonly name: string;
  /** Where a path stands in this source, for example `run.yaml:12`; undefined where it does not hold the path. */
  locate(path: ConfigPath): string | undefined;
}

/** A parsed YAML or JSON file. */
export interface ConfigFile extends ConfigSource {
  readonly value: Record<string, unknown>;
}

/**
 * Reads a YAML or JSON file that holds one object.
 * @param asker the place that names the file, if another file does
 * @throws PalimpsestError CONFIG_FILE with the line
 */
export function readConfigFile(file: string, asker?: string): ConfigFile {
  const lines = new LineCounter();
  const document = parseDocument(readText(file, asker), { lineCounter: lines, prettyErrors: false });
  const at = (offset: number) => `${file}:${lines.linePos(offset).line}`;
  const [wrong] = [...document.errors, ...document.warnings];
  if (wrong) throw problem('CONFIG_FILE', { where: at(wrong.pos[0]), expected: 'YAML or JSON', got: wrong.message });
  const value: unknown = toValue(document, file);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw problem('CONFIG_FILE', { where: file, expected: 'an object of settings', got: describeValue(value) });
  }
  return {
    name: file,
    value: value as Record<string, unknown>,
    locate: (path) => {
      const offset = offsetOf(document.contents, path);
      return offset === undefined ? undefined : at(offset);
    },
  };
}

/** An object within a file as a file of its own: lines and relative paths stay those of the whole. */
export function partOfFile(file: ConfigFile, place: ConfigPath): ConfigFile {
  const value = place.reduce<unknown>((held, key) => (held as Record<string | number, unknown>)[key], file.value);
  return {
    name: file.name,
    value: value as Record<string, unknown>,
    locate: (path) => file.locate([...place, ...path]),
  };
}

/** A value as an error shows it: short, with its type. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return value === null ? 'null' : 'nothing';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (typeof value !== 'string') return String(value);
  const text = JSON.stringify(value);
  return `the text ${text.length > 60 ? `${text.slice(0, 57)}..."` : text}`;
}

function readText(file: string, asker?: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const got = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : message;
    if (asker)
      throw problem('CONFIG_FILE', { where: asker, expected: 'a file that can be read', got: `${file}: ${got}` });
    throw problem('CONFIG_FILE', { where: file, got });
  }
}

function toValue(document: Document.Parsed, file: string): unknown {
  try {
    return document.toJS();
  } catch (error) {
    throw problem('CONFIG_FILE', { where: file, got: (error as Error).message });
  }
}

/** Offset of the key (or list item) that the path ends at. */
function offsetOf(root: Node | null, path: ConfigPath): number | undefined {
  let node: unknown = root;
  let offset: number | undefined = 0;
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => String(key) === String(step));
      if (!pair) return undefined;
      offset = (pair.key as Node).range?.[0];
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(step)];
      if (node === undefined) return undefined;
      offset = (node as Node).range?.[0];
    } else return undefined;
  }
  return offset;
}
