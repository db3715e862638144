import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';

import { tlsFiles } from './local-certificate.ts';

const dayMs = 24 * 3_600_000;

describe('tlsFiles', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gleaner-tls-'));
  });
  afterEach(async () => rm(folder, { recursive: true }));
  const nowMs = Date.now();
  const made = async (at = nowMs) => {
    const { certificatePath, keyPath, authorityPath = '' } = await tlsFiles({ folder, nowMs: at });
    return { certificatePath, keyPath, authorityPath, text: await readFile(certificatePath, 'utf8') };
  };

  it('makes a certificate for this machine, by an authority that signs nothing else', async () => {
    const { text, authorityPath, keyPath } = await made();
    const certificate = new X509Certificate(text);
    assert.equal(certificate.checkHost('localhost'), 'localhost');
    for (const ip of ['127.0.0.1', '::1']) assert.ok(certificate.checkIP(ip), ip);
    assert.equal(certificate.ca, false);
    const authority = await readFile(authorityPath, 'utf8');
    assert.ok(certificate.verify(new X509Certificate(authority).publicKey));
    assert.doesNotMatch(authority, /PRIVATE/);
    assert.equal((await stat(keyPath)).mode & 0o777, 0o600);
  });

  it('takes the one that is there, until it is close to its end', async () => {
    const { text } = await made();
    assert.equal((await made(nowMs + 300 * dayMs)).text, text);
    assert.notEqual((await made(nowMs + 310 * dayMs)).text, text);
  });

  it('makes it anew when it is cut', async () => {
    const { certificatePath, text } = await made();
    await writeFile(certificatePath, text.slice(0, 100));
    assert.equal(new X509Certificate((await made()).text).checkHost('localhost'), 'localhost');
  });

  it('refuses files that are no certificate and key', async () => {
    const given = { certificatePath: join(folder, 'c.pem'), keyPath: join(folder, 'k.pem') };
    await assert.rejects(tlsFiles({ folder, given, nowMs }), { code: 'certificate_unusable' });
  });
});
