/** The certificate of a workspace on this machine, made once, and anew when it is about to end. */
import { X509Certificate } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';

import { GleanerError } from '@gleaner/protocol';
import { generate } from 'selfsigned';

/** Where the files are, in PEM. */
export interface TlsFiles {
  certificatePath: string;
  keyPath: string;
  /** What clients are to trust, and nothing else; absent when it is for the user to know. */
  authorityPath?: string;
}

const dayMs = 24 * 3_600_000;
const lifeDays = 365;
/** A workspace that is started once a month never has one that is over. */
const renewBeforeDays = 60;

/**
 * That of the user, or ours for `localhost`, `127.0.0.1` and `::1`. Ours is signed by an authority whose key is thrown away: who
 * trusts it trusts this one certificate. Errors: `certificate_unusable`.
 */
export async function tlsFiles({
  folder,
  given,
  nowMs,
}: {
  folder: string;
  given?: { certificatePath: string; keyPath: string } | undefined;
  nowMs: number;
}): Promise<TlsFiles> {
  if (given !== undefined) {
    await check(given);
    return given;
  }
  const files = {
    certificatePath: join(folder, 'certificate.pem'),
    keyPath: join(folder, 'key.pem'),
    authorityPath: join(folder, 'authority.pem'),
  };
  if (!(await isGood(files, nowMs))) await make(files, { folder, nowMs });
  return files;
}

async function isGood(files: Required<TlsFiles>, nowMs: number): Promise<boolean> {
  try {
    await check(files);
    const certificate = new X509Certificate(await readFile(files.certificatePath));
    const authority = new X509Certificate(await readFile(files.authorityPath));
    return (
      certificate.validToDate.getTime() > nowMs + renewBeforeDays * dayMs &&
      certificate.validFromDate.getTime() <= nowMs &&
      certificate.verify(authority.publicKey)
    );
  } catch {
    // It is not there, or cut: made anew.
    return false;
  }
}

async function make(
  files: Required<TlsFiles>,
  { folder, nowMs }: { folder: string; nowMs: number },
): Promise<void> {
  const common = {
    keyType: 'ec' as const,
    algorithm: 'sha256',
    notBeforeDate: new Date(nowMs - dayMs),
    notAfterDate: new Date(nowMs + lifeDays * dayMs),
  };
  const authority = await generate([{ name: 'commonName', value: 'Gleaner on this machine' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, critical: true },
    ],
  });
  const own = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await write(files.keyPath, own.private);
  await write(files.certificatePath, own.cert);
  await write(files.authorityPath, authority.cert);
}

/** The key is for this user alone, and the others have no reason to be for more. */
async function write(path: string, text: string): Promise<void> {
  const unfinished = `${path}.part`;
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, path);
}

async function check({ certificatePath, keyPath }: TlsFiles): Promise<void> {
  try {
    const [cert, key] = await Promise.all([readFile(certificatePath), readFile(keyPath)]);
    createSecureContext({ cert, key });
  } catch (error) {
    throw new GleanerError(
      'certificate_unusable',
      `${certificatePath} and ${keyPath} cannot be used for TLS.`,
      {
        cause: error,
        fix: 'Name a certificate (with its chain) and its key, both in PEM and without a passphrase.',
      },
    );
  }
}
