import { spawnSync } from 'node:child_process';

/** Name of the first NVIDIA GPU that the driver reports, or nothing where there is no driver. */
export function gpuName(): string | undefined {
  const asked = spawnSync('nvidia-smi', ['--query-gpu=name', '--format=csv,noheader'], { encoding: 'utf8' });
  if (asked.status !== 0) return undefined;
  return asked.stdout.trim().split('\n')[0] || undefined;
}
