import { expect, it } from 'vitest';
import { z } from 'zod';
import { jsonSchemaOf, optionRows } from '../../core/config/describe-schema.js';

it('tells name, type, range, default, unit and help of every option, nested ones too', () => {
  const schema = z.strictObject({
    rank: z.number().int().min(1).default(8).describe('Rank.'),
    rate: z.number().min(0).lt(1).default(0.5).describe('Rate.').meta({ unit: '0-1' }),
    clip: z.number().positive().nullable().default(null),
    kind: z.enum(['a', 'b']),
    tasks: z.array(z.strictObject({ name: z.string() })).min(1),
    schedule: z.strictObject({ warmup: z.number().default(0) }).prefault({}),
  });
  const rows = optionRows(jsonSchemaOf(schema)).map(({ name, type, default: value, help }) => [
    name,
    type,
    value,
    help,
  ]);
  expect(rows).toEqual([
    ['rank', 'whole number >= 1', '8', 'Rank.'],
    ['rate', 'number >= 0 and < 1', '0.5', 'Rate. Unit: 0-1.'],
    ['clip', 'number > 0 or null', 'null', ''],
    ['kind', 'a | b', 'required', ''],
    ['tasks', 'list of objects with name (at least 1)', 'required', ''],
    ['tasks[].name', 'text', 'required', ''],
    ['schedule', 'object', '{}', ''],
    ['schedule.warmup', 'number', '0', ''],
  ]);
});
