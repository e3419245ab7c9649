const blank = /[ \t\n\r]*/y;
const opening = /[[{]/y;
const comma = /,/y;
const colon = /:/y;
const string = /"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const word = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Number, from 1, of the line at which a text stops being JSON: of its last line where it only ends too soon. */
export function faultyLine(text: string): number {
  const before = text.slice(0, endOfJson(text));
  const at = before.length === text.length ? before.trimEnd() : before;
  return at.split('\n').length;
}

/** How many characters of a text are the beginning of JSON; a string that is broken is not among them. */
function endOfJson(text: string): number {
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    at += found?.length ?? 0;
    return found;
  };
  const token = (pattern: RegExp): boolean => {
    take(blank);
    return take(pattern) !== undefined;
  };
  const value = (): boolean => {
    take(blank);
    const opened = take(opening);
    if (opened === undefined) return token(string) || token(word);
    return opened === '[' ? entries(/\]/y, value) : entries(/\}/y, () => token(string) && token(colon) && value());
  };
  const entries = (closing: RegExp, entry: () => boolean): boolean => {
    if (token(closing)) return true;
    while (entry()) {
      if (token(closing)) return true;
      if (!token(comma)) return false;
    }
    return false;
  };
  value();
  take(blank);
  return at;
}
