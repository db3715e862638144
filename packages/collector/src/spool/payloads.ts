/** Bodies too large for a line, or of no JSON type: files of their own in the spool until they rest in the store. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

import { createJsonScanner } from '@gleaner/protocol';

import { causeOf } from '../errors.ts';
import type { SpoolPayloadWriter } from '../flow.ts';
import type { SpoolFiles } from '../files.ts';

const readBytes = 256 * 1024;

export class Payloads {
  readonly #files: SpoolFiles;
  readonly #folder: string;

  constructor(files: SpoolFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  async create(): Promise<SpoolPayloadWriter> {
    const name = randomUUID();
    const path = join(this.#folder, name);
    const file = await this.#files.open(path, 'create');
    const scanner = createJsonScanner();
    let byteLength = 0;
    return {
      async write(bytes) {
        await file.write([bytes], byteLength);
        byteLength += bytes.length;
        scanner.push(bytes);
      },
      scan: () => scanner.end(),
      finish: async () => {
        await file.sync();
        await file.close();
        await this.#files.syncFolder(this.#folder);
        return { file: name, byteLength, scan: scanner.end() };
      },
      takeBack: async () => {
        const bytes = Buffer.allocUnsafe(byteLength);
        await file.read(bytes, 0);
        await file.close();
        await this.#files.remove(path);
        return bytes;
      },
      discard: async () => {
        await file.close();
        await this.#files.remove(path);
      },
    };
  }

  async *read(name: string): AsyncGenerator<Uint8Array> {
    const file = await this.#files.open(join(this.#folder, name), 'open');
    try {
      for (let at = 0; ;) {
        const chunk = Buffer.allocUnsafe(readBytes);
        const filled = await file.read(chunk, at);
        if (filled === 0) return;
        at += filled;
        yield chunk.subarray(0, filled);
      }
    } finally {
      await file.close();
    }
  }

  /** `undefined`: there is no such file. */
  async byteLength(name: string): Promise<number | undefined> {
    try {
      const file = await this.#files.open(join(this.#folder, name), 'open');
      try {
        return await file.length();
      } finally {
        await file.close();
      }
    } catch (error) {
      if (causeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async remove(names: Iterable<string>): Promise<void> {
    for (const name of names) await this.#files.remove(join(this.#folder, name));
  }
}

export interface OpenPayloadsOptions {
  folder: string;
  /** Those that frames name. */
  keep: ReadonlySet<string>;
  /** Where the others go when frames were damaged: a damaged frame may have named them. */
  damagedFolder: string | undefined;
}

/** Files that no frame names are left from a crash between body and frame, and were never acknowledged: they go. */
export async function openPayloads(files: SpoolFiles, options: OpenPayloadsOptions): Promise<Payloads> {
  const { folder, keep, damagedFolder } = options;
  await files.makeFolder(folder);
  const payloads = new Payloads(files, folder);
  const others = (await files.list(folder)).filter((name) => !keep.has(name));
  if (damagedFolder === undefined) await payloads.remove(others);
  else for (const name of others) await files.rename(join(folder, name), join(damagedFolder, name));
  return payloads;
}
