import { describe, expect, it } from 'vitest';
import { faultyLine } from '../../core/text/json-fault.js';

describe('the line at which a text stops being JSON', () => {
  it.each([
    ['a value that is missing', '[\n{"a":}\n]', 2],
    ['a comma that is missing', '[\n{"a": 1},\n{"a": 2}\n{"a": 3}]', 4],
    ['a comma too many', '[\n1,\n]', 3],
    ['a colon that is missing', '{"a": [],\n"b" 2}', 2],
    ['a key without quotes', '{\n\na: 1}', 3],
    ['a word that is none', '[true, null,\nfalse, nul]', 2],
    ['a string that does not end', '["a",\n"b,\n"c"]', 2],
    ['an escape that is none', '["\\n\\u00e4",\n"\\x"]', 2],
    ['text after the end', '{"a": -1.5e+3}\n\n]', 3],
    ['an end too soon', '[\n{"a": "b"},\n', 2],
    ['nothing', '', 1],
  ])('is found for %s', (_, text, line) => {
    expect(() => JSON.parse(text)).toThrow();
    expect(faultyLine(text)).toBe(line);
  });

  it('is found behind a long text', () => {
    const record = JSON.stringify({ text: 'ä"\\ '.repeat(50_000) });
    expect(faultyLine(`[${record},\n${record},\n{]`)).toBe(3);
  });
});
