/** A model server behind TLS that speaks HTTP/2, or does not; clients of the tap speak it in the clear. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect, createSecureServer } from 'node:http2';
import { createServer as createHttp1Server } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';

import { startSystem } from '@gleaner/testkit';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
const skip = hasOpenssl ? false : 'openssl is not here, to make a certificate with';

async function ask(model: Server): Promise<{ status: number; body: string; lines: string[] }> {
  await once(model.listen(0, '127.0.0.1'), 'listening');
  await using system = await startSystem({
    flags: { proxy: `0:https://127.0.0.1:${(model.address() as AddressInfo).port}` },
    collections: { response: { enabled: 'true' } },
  });
  const session = connect(`http://127.0.0.1:${system.collector.proxyPort}`);
  const stream = session.request({ ':path': '/' });
  const [[headers], pieces] = await Promise.all([
    once(stream, 'response') as Promise<[{ ':status': number }]>,
    Array.fromAsync(stream as AsyncIterable<Buffer>),
  ]);
  session.destroy();
  await system.finish();
  model.close();
  return {
    status: headers[':status'],
    body: Buffer.concat(pieces).toString(),
    lines: await system.lines('response'),
  };
}

describe('the tap for HTTP/2 in front of TLS', { skip }, () => {
  it('offers h2 to the model server, and tells the client when that does not take it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gleaner-tls-'));
    const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
    const words =
      'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1';
    execFileSync('openssl', [...words.split(' '), '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
    const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile)]);
    await rm(folder, { recursive: true });
    setDefaultCACertificates([...getCACertificates('default'), cert]);

    const able = createSecureServer({ cert, key }, (_, response) => response.end('"two"'));
    const answer = await ask(able);
    assert.deepEqual([answer.status, answer.body], [200, '"two"']);
    assert.match(answer.lines.join(), /"status":"200".*"ended":"complete"/);

    const refused = await ask(createHttp1Server({ cert, key }, (_, response) => response.end('one')));
    assert.equal(refused.status, 502);
    assert.match(refused.body, /cannot be reached over HTTP\/2/);
    assert.match(refused.lines.join(), /"ended":"failed upstream"/);
  });
});
