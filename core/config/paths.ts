import { existsSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { ConfigPath } from './config-file.js';
import { type JsonSchema, jsonSchemaOf, schemasAt } from './describe-schema.js';
import type { ValuePlace } from './validate.js';

/** An option that names a file or folder: made absolute against the folder of the config file that it is written in. */
export function filePath() {
  return z.string().min(1).meta({ path: 'always' });
}

/** An option that names a file or folder, or else something known by name: made absolute where such a file exists. */
export function filePathOrName() {
  return z.string().min(1).meta({ path: 'existing' });
}

/** A copy of the value in which every path that its schema marks as one is absolute. */
export function absolutePaths(
  schema: z.ZodType,
  value: unknown,
  { origin, path: outer = [] }: Pick<ValuePlace, 'origin' | 'path'>,
): unknown {
  return mapPaths(jsonSchemaOf(schema), value, (given, kind, inner) => {
    if (given === '') return given;
    const absolute = path.resolve(origin.folder([...outer, ...inner]), given);
    return kind === 'always' || existsSync(absolute) ? absolute : given;
  });
}

/** The absolute paths that a value names, whether or not they lead somewhere, by their place in it, for example `tasks.0.train`. */
export function pathsIn(schema: z.ZodType, value: unknown): Map<string, string> {
  const found = new Map<string, string>();
  mapPaths(jsonSchemaOf(schema), value, (given, _, inner) => {
    if (path.isAbsolute(given)) found.set(inner.join('.'), given);
    return given;
  });
  return found;
}

type Replace = (given: string, kind: string, inner: ConfigPath) => string;

function mapPaths(root: JsonSchema, value: unknown, replace: Replace, inner: ConfigPath = []): unknown {
  if (Array.isArray(value)) return value.map((part, i) => mapPaths(root, part, replace, [...inner, i]));
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    return Object.fromEntries(entries.map(([key, part]) => [key, mapPaths(root, part, replace, [...inner, key])]));
  }
  const kind = schemasAt(root, inner).find((schema) => schema.path)?.path;
  return typeof value === 'string' && kind ? replace(value, kind, inner) : value;
}
