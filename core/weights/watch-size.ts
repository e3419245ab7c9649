import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Reports the bytes in a folder four times a second until the function that it returns is called. */
export function watchSize(folder: string, report: (bytes: number) => void): () => void {
  const timer = setInterval(async () => report(await folderSize(folder)), 250);
  return () => clearInterval(timer);
}

/** Bytes of the files in a folder and below it. */
export async function folderSize(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(names.map((name) => fileSize(join(folder, name))));
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function fileSize(path: string): Promise<number> {
  return stat(path).then(
    (info) => (info.isFile() ? info.size : 0),
    () => 0,
  );
}
