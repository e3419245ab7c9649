import { z } from 'zod';
import type { ConfigPath } from './config-file.js';

/** The part of JSON Schema that zod writes. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly unit?: string;
  /** Marks a text that names a file, see paths.ts. */
  readonly path?: 'always' | 'existing';
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly items?: JsonSchema | boolean;
  readonly prefixItems?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly required?: readonly string[];
}

/** One option of a plugin or of the config, as a table shows it. */
export interface OptionRow {
  /** Dotted; `tasks[].name` for a key of a list's items. */
  readonly name: string;
  readonly type: string;
  /** As YAML would have it; `required` where there is none and it must be given. */
  readonly default: string;
  readonly help: string;
}

/** The input form of a zod schema as JSON Schema. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

/** The schemas that a value at the path may fulfil: several where there is a choice, none where the path leads nowhere. */
export function schemasAt(root: JsonSchema, path: ConfigPath): JsonSchema[] {
  let found = alternatives(root);
  for (const step of path) found = found.flatMap((schema) => child(schema, step)).flatMap(alternatives);
  return found;
}

function alternatives(schema: JsonSchema): JsonSchema[] {
  const choices = schema.anyOf ?? schema.oneOf;
  return choices ? choices.flatMap(alternatives) : [schema];
}

function child({ properties, prefixItems, items, additionalProperties }: JsonSchema, step: string | number) {
  const candidates =
    typeof step === 'number' ? [prefixItems?.[step] ?? items] : [properties?.[step] ?? additionalProperties];
  return candidates.filter((schema): schema is JsonSchema => typeof schema === 'object');
}

/** A schema's type and range in words, for example `whole number >= 1`. */
export function describeType(schema: JsonSchema): string {
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return [...new Set(choices.map(describeType))].join(' or ');
  if (schema.enum) return schema.enum.map((value) => String(value)).join(' | ');
  if (schema.const !== undefined) return String(schema.const);
  switch (schema.type) {
    case 'integer':
      return `whole number${range(schema)}`;
    case 'number':
      return `number${range(schema)}`;
    case 'string':
      return schema.path ? 'path' : 'text';
    case 'boolean':
      return 'true | false';
    case 'array':
      return describeList(schema);
    case 'object':
      return schema.required ? `object with ${schema.required.join(', ')}` : 'object';
    default:
      return schema.type ?? 'any value';
  }
}

function range({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: JsonSchema): string {
  const bounds = [
    [exclusiveMinimum, '>'],
    [minimum, '>='],
    [exclusiveMaximum, '<'],
    [maximum, '<='],
  ] as const;
  const told = bounds.filter(([bound]) => bound !== undefined && Math.abs(bound) !== Number.MAX_SAFE_INTEGER);
  return told.map(([bound, sign]) => ` ${sign} ${bound}`).join(' and');
}

function describeList({ prefixItems, items, minItems }: JsonSchema): string {
  if (prefixItems) return `list [${prefixItems.map(describeType).join(', ')}]`;
  const least = minItems ? ` (at least ${minItems})` : '';
  return typeof items === 'object'
    ? `list of ${describeType(items).replace(/^object/, 'objects')}${least}`
    : `list${least}`;
}

/** Every option of an object schema, nested ones after the one that holds them. */
export function optionRows(schema: JsonSchema, prefix = ''): OptionRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([key, option]) => {
    const name = `${prefix}${key}`;
    const row = {
      name,
      type: describeType(option),
      default: defaultOf(option, schema.required?.includes(key) ?? false),
      help: [option.description, option.unit && `Unit: ${option.unit}.`].filter(Boolean).join(' '),
    };
    const inner = alternatives(option).flatMap((one) => [
      ...optionRows(one, `${name}.`),
      ...(typeof one.items === 'object'
        ? alternatives(one.items).flatMap((item) => optionRows(item, `${name}[].`))
        : []),
    ]);
    return [row, ...inner];
  });
}

function defaultOf(option: JsonSchema, required: boolean): string {
  if (option.default !== undefined) return JSON.stringify(option.default);
  return required ? 'required' : 'none';
}
