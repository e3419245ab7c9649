import type { z } from 'zod';
import { describeValue } from '../config/config-file.js';
import { nearest } from '../config/nearest.js';

/** What a schema finds wrong with a line's value, in plain words: `no "answer", but "anwser"`. */
export function plainIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const keys = issue.path.map(String);
  const [parent, own] = [at(value, keys.slice(0, -1)), at(value, keys)];
  if (issue.code === 'custom') return [keys.join('.'), issue.message].filter(Boolean).join(': ');
  if (keys.length === 0) return describeValue(own);
  const name = `"${keys.join('.')}"`;
  if (own === undefined) return `no ${name}${inItsPlace(keys[keys.length - 1], parent)}`;
  if (own === '') return `an empty ${name}`;
  if (issue.code === 'too_small' && Array.isArray(own)) {
    return `${name} with ${own.length} ${own.length === 1 ? 'entry' : 'entries'}, at least ${issue.minimum} are needed`;
  }
  return `${name}: ${describeValue(own)}`;
}

function inItsPlace(key: string, parent: unknown): string {
  const near = nearest(key, typeof parent === 'object' && parent !== null ? Object.keys(parent) : []);
  return near === undefined ? '' : `, but "${near}"`;
}

function at(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>((place, key) => (place as Record<string, unknown> | undefined)?.[key], value);
}
