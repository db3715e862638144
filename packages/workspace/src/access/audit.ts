/** Who changed what, and who was not let: JSON lines beside the catalog. */
import { open, rename } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

export interface AuditEntry {
  /** Nobody for a request without a good credential. */
  principal?: { id: string; name: string };
  /** Address of the connection. */
  from: string;
  method: string;
  action: string;
  /** Resource id. */
  scope: string;
  outcome: 'done' | 'failed' | 'denied' | 'unauthenticated';
  /** Of the answer. */
  status: number;
  /** Why it was denied. */
  because?: string;
}

export interface Audit extends AsyncDisposable {
  /** Resolves when the line is in the file, with the time put before it. */
  write(entry: AuditEntry): Promise<void>;
}

export interface AuditOptions {
  /** The file; those before it are `<path>.1`, `<path>.2`… */
  path: string;
  now: () => number;
  maxBytes?: number;
  /** How many earlier files stay. */
  keepFiles?: number;
}

const defaultMaxBytes = 16 * 1024 ** 2;
const defaultKeepFiles = 9;

/** Goes on with the file that is there. Only this user can read it. */
export async function openAudit(options: AuditOptions): Promise<Audit> {
  const { path, now, maxBytes = defaultMaxBytes, keepFiles = defaultKeepFiles } = options;
  let file = await openFile(path);
  let size = (await file.stat()).size;
  const rotate = async (): Promise<void> => {
    await file.close();
    for (let number = keepFiles - 1; number >= 0; number--) {
      const from = number === 0 ? path : `${path}.${number}`;
      await rename(from, `${path}.${number + 1}`).catch(ignoreMissing);
    }
    file = await openFile(path);
    size = 0;
  };
  let last: Promise<void> = Promise.resolve();
  const write = async (entry: AuditEntry): Promise<void> => {
    const line = Buffer.from(`${JSON.stringify({ time: new Date(now()).toISOString(), ...entry })}\n`);
    if (size > 0 && size + line.byteLength > maxBytes) await rotate();
    size += line.byteLength;
    await file.appendFile(line);
  };
  return {
    async write(entry) {
      const written = last.then(async () => write(entry));
      last = written.catch(() => undefined);
      return written;
    },
    async [Symbol.asyncDispose]() {
      await last;
      await file.close();
    },
  };
}

async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, 'a', 0o600);
  await file.chmod(0o600);
  return file;
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
}
