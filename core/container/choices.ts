import type { z } from 'zod';
import { jsonSchemaOf } from '../config/describe-schema.js';

/** Options that differ from those of a plugin by one choice. */
export interface Choice {
  readonly key: string;
  readonly value: unknown;
  readonly changed: Record<string, unknown>;
}

/** Every other choice of one option, of those that have a list of values or are true or false, which the schema allows. */
export function choicesWithin(schema: z.ZodObject, options: Readonly<Record<string, unknown>>): Choice[] {
  return Object.entries(jsonSchemaOf(schema).properties ?? {}).flatMap(([key, { type, enum: listed }]) => {
    const values = listed ?? (type === 'boolean' ? [true, false] : []);
    return values
      .filter((value) => value !== options[key])
      .flatMap((value) => {
        const { success, data } = schema.safeParse({ ...options, [key]: value });
        return success ? [{ key, value, changed: data }] : [];
      });
  });
}
