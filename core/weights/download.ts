import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';

/** Milliseconds without a byte after which a download counts as broken. */
const stallTimeout = 30_000;

/** Appends what a file lacks of a blob, and reports the bytes there. Fails if the blob falls silent. */
export async function appendBlob(blob: Blob, path: string, report: (done: number) => void): Promise<void> {
  const start = await sizeOf(path);
  report(start);
  if (start >= blob.size) return;
  const stream: ReadableStream<Uint8Array> = (start > 0 ? blob.slice(start) : blob).stream();
  let done = start;
  async function* chunks() {
    for await (const chunk of withStallTimeout(stream)) {
      yield chunk;
      done += chunk.length;
      report(done);
    }
  }
  await pipeline(chunks, createWriteStream(path, { flags: 'a' }));
}

async function* withStallTimeout(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await withTimeout(reader.read());
      if (done) return;
      yield value;
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

async function withTimeout<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no data for ${stallTimeout / 1000} s`)), stallTimeout);
  });
  try {
    return await Promise.race([promise, stalled]);
  } finally {
    clearTimeout(timer);
  }
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}
