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
export function absolutePaths(schema: z.ZodType, value: unknown, place: ValuePlace): unknown {
  return withPaths(jsonSchemaOf(schema), value, { ...place, inner: [] });
}

interface Walk extends ValuePlace {
  readonly inner: ConfigPath;
}

function withPaths(root: JsonSchema, value: unknown, walk: Walk): unknown {
  const step = (inner: unknown, key: string | number) =>
    withPaths(root, inner, { ...walk, inner: [...walk.inner, key] });
  if (Array.isArray(value)) return value.map(step);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, step(inner, key)]));
  }
  const kind = schemasAt(root, walk.inner).find((schema) => schema.path)?.path;
  if (typeof value !== 'string' || value === '' || !kind) return value;
  const absolute = path.resolve(walk.origin.folder([...(walk.path ?? []), ...walk.inner]), value);
  return kind === 'always' || existsSync(absolute) ? absolute : value;
}
