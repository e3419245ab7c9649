import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HubServer {
  readonly url: string;
  /** `path range` of every file request with a range beyond the first byte. */
  readonly ranges: string[];
  /** Number of requests. */
  requests: number;
  /** Breaks the next answer with more than this many bytes after them. */
  breakAfter?: number;
  close(): Promise<void>;
}

/** What the hub answers for a repository `owner/name` at 127.0.0.1: the listing and the files, by range. */
export async function hubServer(files: Readonly<Record<string, Buffer>>): Promise<HubServer> {
  const state = { ranges: [] as string[], requests: 0, breakAfter: undefined as number | undefined };
  const server = createServer((request, response) => {
    state.requests++;
    if (request.url?.startsWith('/api/models/owner/name/tree/')) {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(Object.entries(files).map(([path, bytes]) => listed(path, bytes))));
      return;
    }
    const path = request.url?.replace('/owner/name/resolve/main/', '') ?? '';
    if (files[path]) sendFile(files[path], path, request, response, state);
    else response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"not here"}');
  });
  const url = await listen(server);
  return Object.assign(state, { url, close: () => closed(server) });
}

function sendFile(
  bytes: Buffer,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  state: { ranges: string[]; breakAfter?: number },
): void {
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? [];
  const part = from === undefined ? bytes : bytes.subarray(Number(from), Number(to) + 1);
  if (from !== undefined && Number(to) > 0) state.ranges.push(`${path} ${from}-${to}`);
  response.writeHead(from === undefined ? 200 : 206, {
    etag: '"x"',
    'content-length': part.length,
    ...(from !== undefined && { 'content-range': `bytes ${from}-${to}/${bytes.length}` }),
  });
  if (state.breakAfter !== undefined && part.length > state.breakAfter) {
    response.write(part.subarray(0, state.breakAfter), () => setTimeout(() => response.destroy(), 50));
    state.breakAfter = undefined;
  } else response.end(part);
}

/** A server that takes requests and never answers. */
export async function silentServer(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(() => {});
  return { url: await listen(server), close: () => closed(server) };
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

/** As the hub lists them: large files by SHA-256, small ones by git's id. */
function listed(path: string, bytes: Buffer) {
  const oid = createHash('sha1').update(`blob ${bytes.length}\0`).update(bytes).digest('hex');
  const lfs = { oid: createHash('sha256').update(bytes).digest('hex'), size: bytes.length, pointerSize: 134 };
  return { type: 'file', path, size: bytes.length, oid, ...(/\.(gguf|safetensors)$/.test(path) && { lfs }) };
}
