import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** SHA-256 of a file in hexadecimal. */
export function sha256Of(path: string): Promise<string> {
  return digest(path, 'sha256', '');
}

/** The id that git gives a file's content: SHA-1 of `blob`, its size and the content, in hexadecimal. */
export async function gitIdOf(path: string): Promise<string> {
  return digest(path, 'sha1', `blob ${(await stat(path)).size}\0`);
}

async function digest(path: string, algorithm: string, prefix: string): Promise<string> {
  const hash = createHash(algorithm).update(prefix);
  await pipeline(createReadStream(path, { highWaterMark: 2 ** 20 }), hash);
  return hash.digest('hex');
}
