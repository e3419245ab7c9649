import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { listModels } from '../../core/weights/cached-models.js';
import { hubFolder, parseHubId } from '../../core/weights/hub-id.js';
import { cachedModel, findModel } from '../../core/weights/model-files.js';
import { type HubServer, hubServer, silentServer } from './hub-server.js';
import { expectProblem, scratchFolder } from './scratch.js';

const scratch = scratchFolder();
let caches = 0;
const servers: { close(): Promise<void> }[] = [];

const weights = Buffer.alloc(300_000, 'weights ');

beforeEach(() => {
  vi.stubEnv('PALIMPSEST_CACHE', join(scratch, `cache-${caches++}`));
  vi.stubEnv('HF_HUB_OFFLINE', '');
  vi.stubEnv('HF_TOKEN', '');
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serve(files: Record<string, Buffer>): Promise<HubServer> {
  const server = await hubServer(files);
  servers.push(server);
  vi.stubEnv('HF_ENDPOINT', server.url);
  return server;
}

const repository = {
  'config.json': Buffer.from('{}'),
  'tokenizer.json': Buffer.from('{"a":1}'),
  'model.safetensors': weights,
  'pytorch_model.bin': Buffer.from('code'),
  'README.md': Buffer.from('text'),
};

describe('a repository', () => {
  it('is fetched with config, tokenizer and safetensors, and nothing else', async () => {
    await serve(repository);
    const seen = new Map<string, [number, number]>();
    const model = await findModel('owner/name', { progress: (file, done, total) => seen.set(file, [done, total]) });
    expect(model).toMatchObject({ kind: 'huggingface', reference: 'owner/name' });
    const names = ['.verified.json', 'config.json', 'model.safetensors', 'tokenizer.json'];
    expect(readdirSync(model.path).sort()).toEqual(names);
    expect(readFileSync(join(model.path, 'model.safetensors')).equals(weights)).toBe(true);
    expect(seen.get('model.safetensors')).toEqual([300_000, 300_000]);
  });

  it('is not asked for again once it is there', async () => {
    const server = await serve(repository);
    const model = await findModel('owner/name');
    server.requests = 0;
    expect(await findModel('owner/name')).toEqual(model);
    expect(server.requests).toBe(0);
    expect(listModels().map(({ reference }) => reference)).toEqual(['smollm2-135m-instruct', 'owner/name']);
  });

  it('is fetched again where a file has changed since', async () => {
    await serve(repository);
    const { path } = await findModel('owner/name');
    writeFileSync(join(path, 'model.safetensors'), 'broken');
    expect(cachedModel('owner/name')).toBeUndefined();
    await findModel('owner/name');
    expect(readFileSync(join(path, 'model.safetensors')).equals(weights)).toBe(true);
  });

  it('takes the shards that the index goes with', async () => {
    await serve({
      'config.json': Buffer.from('{}'),
      'model.safetensors.index.json': Buffer.from('{}'),
      'model-00001-of-00002.safetensors': Buffer.from('1'),
      'model-00002-of-00002.safetensors': Buffer.from('2'),
    });
    const { path } = await findModel('owner/name');
    expect(readdirSync(path).filter((name) => name.startsWith('model'))).toHaveLength(3);
  });

  it('without safetensors is refused', async () => {
    await serve({ 'config.json': Buffer.from('{}'), 'pytorch_model.bin': Buffer.from('x') });
    await expectProblem(findModel('owner/name'), 'MODEL_NOT_FOUND', 'owner/name', 'model.safetensors');
  });
});

describe('GGUF files of a repository', () => {
  it('are taken by name', async () => {
    await serve({ 'a.gguf': Buffer.from('a'), 'b.gguf': weights });
    const model = await findModel('owner/name:b.gguf');
    expect(model).toMatchObject({ kind: 'gguf', reference: 'owner/name:b.gguf' });
    expect(model.sha256).toHaveLength(64);
    expect(readFileSync(model.path).equals(weights)).toBe(true);
  });

  it('need no name where there is only one', async () => {
    await serve({ 'a.gguf': Buffer.from('a') });
    expect(await findModel('owner/name')).toMatchObject({ kind: 'gguf' });
  });

  it('are listed where one has to be chosen', async () => {
    await serve({ 'a.gguf': Buffer.from('a'), 'b.gguf': weights });
    await expectProblem(findModel('owner/name'), 'MODEL_NOT_FOUND', 'a.gguf, b.gguf', 'owner/name:a.gguf');
    await expectProblem(findModel('owner/name:c.gguf'), 'MODEL_NOT_FOUND', 'c.gguf');
  });
});

describe('a download that breaks', () => {
  it('goes on by range where it stopped', async () => {
    const server = await serve({ 'a.gguf': weights });
    server.breakAfter = 100_000;
    await expectProblem(findModel('owner/name'), 'MODEL_DOWNLOAD', 'a.gguf');
    expect(cachedModel('owner/name')).toBeUndefined();
    const first: number[] = [];
    const { path } = await findModel('owner/name', { progress: (_, done) => first.push(done) });
    expect(readFileSync(path).equals(weights)).toBe(true);
    expect(first[0]).toBeGreaterThan(0);
    expect(server.ranges).toEqual([`a.gguf ${first[0]}-299999`]);
  });

  it('that ends with the wrong content is removed', async () => {
    await serve({ 'a.gguf': weights });
    const folder = hubFolder({ repository: 'owner/name' });
    const server = servers[0] as HubServer;
    server.breakAfter = 100_000;
    await expectProblem(findModel('owner/name'), 'MODEL_DOWNLOAD');
    const [part] = readdirSync(folder);
    const bytes = readFileSync(join(folder, part)).fill(0, 0, 10);
    writeFileSync(join(folder, part), bytes);
    await expectProblem(findModel('owner/name'), 'MODEL_DOWNLOAD', 'checksum', 'removed');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a hub that does not help', () => {
  it('has no such model', async () => {
    await serve({});
    await expectProblem(findModel('owner/other'), 'MODEL_NOT_FOUND', 'owner/other', '404', 'HF_TOKEN');
  });

  it('refuses the connection', async () => {
    const { url, close } = await silentServer();
    await close();
    vi.stubEnv('HF_ENDPOINT', url);
    await expectProblem(findModel('owner/name'), 'MODEL_DOWNLOAD', 'not on this machine', url, 'ECONNREFUSED');
  });

  it('costs at most five seconds where it never answers', async () => {
    const server = await silentServer();
    servers.push(server);
    vi.stubEnv('HF_ENDPOINT', server.url);
    const start = performance.now();
    await expectProblem(findModel('owner/name'), 'MODEL_DOWNLOAD', server.url, 'no answer in 4 s');
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it('is left alone where HF_HUB_OFFLINE is set', async () => {
    const server = await serve(repository);
    vi.stubEnv('HF_HUB_OFFLINE', '1');
    await expectProblem(findModel('owner/name'), 'MODEL_DOWNLOAD', 'HF_HUB_OFFLINE');
    expect(server.requests).toBe(0);
  });
});

describe('hub ids', () => {
  it('are an owner, a name and perhaps a GGUF file', () => {
    expect(parseHubId('owner/name')).toEqual({ repository: 'owner/name', file: undefined });
    expect(parseHubId('o.w/n-1.5:a.Q4.gguf')).toEqual({ repository: 'o.w/n-1.5', file: 'a.Q4.gguf' });
  });

  it.each(['name', 'a/b/c', '../name', 'owner/..', 'owner/name:../a.gguf', 'owner/name:a.bin', '/owner/name', ''])(
    'are not of the form %s',
    (text) => {
      expect(parseHubId(text)).toBeUndefined();
    },
  );
});
