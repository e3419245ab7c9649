#!/usr/bin/env node
import { ensureBuilt } from './build.js';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`palimpsest: Node.js 20.19 or later is needed, this is ${process.versions.node}\n`);
  process.exit(2);
}

await ensureBuilt();
const { main } = await import('../../dist/core/cli/main.js');
await main(process.argv.slice(2));
