/** `on_full: block`, where rules.integration.test.ts does not look: HTTP/2, and a disk that takes no bodies. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:http2';
import type { ClientHttp2Session } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

import { openFolderDatastore } from '@gleaner/datastore';
import { createFaultyDatastore, startTapped } from '@gleaner/testkit';
import type { FaultyDatastore } from '@gleaner/testkit';

import { nodeFiles } from '../../files.ts';
import type { SpoolFile, SpoolFiles } from '../../files.ts';

const blocking = { 'on-full': 'block' };

describe('on_full: block, over HTTP/2', () => {
  it('lets no stream through to the model server until there is room, and loses nothing', async () => {
    const asked: string[] = [];
    const model = createServer((message, response) => {
      asked.push(String(message.headers['x-request-id']));
      message.resume().on('end', () => response.end('[{"y":1}]'));
    });
    await once(model.listen(0, '127.0.0.1'), 'listening');
    const stores: FaultyDatastore[] = [];
    await using tapped = await startTapped((model.address() as AddressInfo).port, {
      flags: { ...blocking, 'spool-max-size': '1MiB' },
      async openDatastore(config) {
        const store = createFaultyDatastore(await openFolderDatastore(String(config.settings['path'])));
        store.down();
        stores.push(store);
        return store;
      },
    });
    const session = connect(tapped.url);
    // More than there is room for; those that were under way wait as records.
    const early = Promise.all(Array.from({ length: 20 }, (_, i) => post(session, `early ${i}`)));
    await sleep(1000);
    const late = post(session, 'late');
    assert.equal(await Promise.race([late, sleep(500, 'waiting')]), 'waiting');
    assert.ok(!asked.includes('late'));
    for (const store of stores) store.up();
    assert.deepEqual(new Set([...(await early), await late]), new Set([200]));
    session.close();
    const { request, response } = await tapped.records();
    for (const records of [request, response]) {
      assert.equal(new Set(records.map((one) => one['correlationid'])).size, 21);
      assert.equal(records.length, 21);
    }
    model.close();
  });
});

describe('on_full: block, with a disk that takes no bodies', () => {
  it('offers a large body until the disk takes it, and keeps every byte', async () => {
    const disk = { isFull: true };
    await using tapped = await startTapped(
      (message, response) => {
        response.writeHead(200, { 'content-type': 'text/plain' });
        message.pipe(response);
      },
      { flags: blocking, files: withFullDisk(disk) },
    );
    const headers = { 'content-type': 'text/plain', 'x-request-id': 'r' };
    const body = Array.from({ length: 1_200_000 }, (_, i) => i).join();
    const sent = fetch(tapped.url, { method: 'POST', headers, body }).then((answer) => answer.text());
    await sleep(1000);
    const { causes } = tapped.system.collector.status();
    assert.deepEqual(
      causes.map(({ code }) => code),
      ['disk_full'],
    );
    disk.isFull = false;
    assert.equal(await sent, body);
    const { request, response } = await tapped.records();
    for (const [record] of [request, response]) {
      assert.equal(record?.['datastatus'], undefined);
      assert.equal(await readFile(String(record?.['data']), 'utf8'), body);
    }
  });
});

function post(session: ClientHttp2Session, id: string): Promise<number> {
  const body = JSON.stringify([{ x: 'x'.repeat(100_000) }]);
  const head = { ':method': 'POST', 'content-type': 'application/json', 'x-request-id': id };
  const stream = session.request(head);
  stream.end(body);
  return new Promise((resolve, reject) => {
    let status = 0;
    stream.on('response', (headers) => void (status = Number(headers[':status'])));
    stream.on('error', reject);
    stream.resume().on('end', () => resolve(status));
  });
}

/** Files of bodies get half of what is written, and then an error, while the disk is full. */
function withFullDisk(disk: { isFull: boolean }): SpoolFiles {
  const limited = (file: SpoolFile): SpoolFile => ({
    ...file,
    async write(pieces, position) {
      if (!disk.isFull) return await file.write(pieces, position);
      const [piece = new Uint8Array(0)] = pieces;
      await file.write([piece.subarray(0, piece.length / 2)], position);
      throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    },
  });
  return {
    ...nodeFiles,
    async open(path, mode) {
      const file = await nodeFiles.open(path, mode);
      return path.includes('/payloads/') ? limited(file) : file;
    },
  };
}
