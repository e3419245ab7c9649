import type { z } from 'zod';
import { type PalimpsestError, problem } from '../errors.js';
import { type ConfigPath, describeValue } from './config-file.js';
import { describeType, jsonSchemaOf, schemasAt } from './describe-schema.js';
import { didYouMean } from './nearest.js';
import type { ConfigOrigin } from './origin.js';

/** What a value is called in errors: where its config came from, and its own place in that. */
export interface ValuePlace {
  readonly origin: ConfigOrigin;
  /** Default: the config's root. */
  readonly path?: ConfigPath;
  /** What lists its options: a page or a command. */
  readonly listedBy: string;
}

/** Checks a value by a schema and returns it with defaults filled in. @throws PalimpsestError CONFIG_KEY, CONFIG_VALUE */
export function validate<S extends z.ZodType>(schema: S, value: unknown, place: ValuePlace): z.infer<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue.code === 'unrecognized_keys') throw unknownKey(issue, schema, place);
  throw wrongValue(issue, { schema, value, place });
}

function unknownKey(
  { keys: [key], path: inner }: z.core.$ZodIssueUnrecognizedKeys,
  schema: z.ZodType,
  { origin, path = [], listedBy }: ValuePlace,
): PalimpsestError {
  const candidates = schemasAt(jsonSchemaOf(schema), inner as ConfigPath);
  const known = candidates.flatMap(({ properties }) => Object.keys(properties ?? {}));
  return problem('CONFIG_KEY', {
    where: origin.where([...path, ...(inner as ConfigPath), key]),
    expected: `one of ${known.join(', ')}`,
    got: `"${key}"${didYouMean(key, known)}`,
    remedy: `Remove or rename it; ${listedBy} lists the options.`,
  });
}

interface Checked {
  readonly schema: z.ZodType;
  readonly value: unknown;
  readonly place: ValuePlace;
}

function wrongValue(issue: z.core.$ZodIssue, { schema, value, place }: Checked): PalimpsestError {
  const inner = issue.path as ConfigPath;
  if (issue.code === 'invalid_key') return wrongKey(issue, place);
  const candidates = schemasAt(jsonSchemaOf(schema), inner);
  const types = [...new Set(candidates.map(describeType))];
  const got = valueAt(value, inner);
  const says = issue.code === 'custom' || issue.code === 'invalid_format' || types.length === 0;
  const choices = candidates.flatMap((one) => one.enum ?? []).map(String);
  return problem('CONFIG_VALUE', {
    where: place.origin.where([...(place.path ?? []), ...inner]),
    expected: says ? issue.message.replace(/^expected /, '') : types.join(' or '),
    got: `${describeValue(got)}${typeof got === 'string' ? didYouMean(got, choices) : ''}`,
    remedy: `Change the value; ${place.listedBy} lists ranges and defaults.`,
  });
}

function wrongKey({ path: inner, issues }: z.core.$ZodIssueInvalidKey, place: ValuePlace): PalimpsestError {
  return problem('CONFIG_KEY', {
    where: place.origin.where([...(place.path ?? []), ...(inner as ConfigPath)]),
    expected: issues[0].message.replace(/^expected /, ''),
    got: `"${String(inner.at(-1))}"`,
    remedy: `Rename it; ${place.listedBy} tells what it may be.`,
  });
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((place, key) => (place as Record<string | number, unknown> | undefined)?.[key], value);
}
