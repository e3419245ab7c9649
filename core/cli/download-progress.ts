import type { Progress } from '../weights/progress.js';

interface Screen {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Shows downloads: one line that changes on a terminal, else a line every ten per cent. */
export function downloadProgress(screen: Screen = process.stderr): Progress {
  let shown = '';
  return (file, done, total) => {
    const percent = total > 0 ? Math.floor((100 * done) / total) : 100;
    const step = screen.isTTY ? percent : percent - (percent % 10);
    const key = `${file} ${step}`;
    if (key === shown) return;
    shown = key;
    const line = `${file} ${step} % of ${(total / 1e6).toFixed(1)} MB`;
    if (screen.isTTY) screen.write(`\r${line}${done >= total ? '\n' : ''}`);
    else screen.write(`${line}\n`);
  };
}
