import { createHash } from 'node:crypto';

/** The first `length` hexadecimal digits, of 64, of a text's SHA-256: names equal texts alike. */
export function textDigest(text: string, length: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, length);
}
