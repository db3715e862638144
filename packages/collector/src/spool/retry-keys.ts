/**
 * The retry keys of segments that are gone. An answer may be lost with the process that gave it, and the retry may come when
 * the frame is long stored and its segment removed, several starts later: what was accepted must be known then, too.
 */
import { join } from 'node:path';

import { CollectorError } from '../errors.ts';
import { readBytes, replaceFile } from '../files.ts';
import type { SpoolFiles } from '../files.ts';
import { fingerprintBytes } from './fingerprints.ts';
import type { RetryMemory } from './retry-memory.ts';
import { newerVersion } from './segment.ts';
import type { Segment } from './segment.ts';

const version = 1;
const magic = 'GLEANERK';
const headerBytes = 16;
/** Starts in quick succession leave small files; a start need not read more of them than this. */
const maxFiles = 100;

export class RetryKeys {
  readonly #files: SpoolFiles;
  readonly #folder: string;
  readonly #memory: RetryMemory;
  /** Oldest first. */
  readonly #kept: { name: string; keys: number }[] = [];

  constructor(files: SpoolFiles, options: { folder: string; memory: RetryMemory }) {
    this.#files = files;
    this.#folder = options.folder;
    this.#memory = options.memory;
  }

  /** Remembers what the files hold. Errors: `spool_unusable`, `spool_version_unsupported`. */
  async load(): Promise<void> {
    const names = (await this.#files.list(this.#folder)).filter((name) => name.endsWith('.keys')).sort();
    for (const name of names) {
      const keys = await this.#read(join(this.#folder, name));
      this.#memory.restore(keys);
      this.#kept.push({ name, keys: keys.length / fingerprintBytes });
    }
  }

  /** Call it before the segment is removed. */
  async keep({ firstSequence = 0, lastSequence, index }: Segment): Promise<void> {
    const keys = this.#memory.fingerprintsBetween(firstSequence, lastSequence);
    if (keys.length === 0) return;
    const name = `segment-${String(index).padStart(10, '0')}.keys`;
    const header = Buffer.alloc(headerBytes);
    header.write(magic);
    header.writeUInt32LE(version, magic.length);
    await replaceFile(this.#files, { folder: this.#folder, name, content: Buffer.concat([header, keys]) });
    this.#kept.push({ name, keys: keys.length / fingerprintBytes });
    await this.#removeOldest();
  }

  async #removeOldest(): Promise<void> {
    for (;;) {
      const [oldest, ...others] = this.#kept;
      const younger = others.reduce((sum, file) => sum + file.keys, 0);
      if (oldest === undefined || (younger < this.#memory.capacity && others.length < maxFiles)) return;
      this.#kept.shift();
      await this.#files.remove(join(this.#folder, oldest.name));
    }
  }

  async #read(path: string): Promise<Buffer> {
    const bytes = await readBytes(this.#files, path);
    const isSound = bytes.length >= headerBytes && bytes.toString('latin1', 0, magic.length) === magic;
    if (!isSound) {
      throw new CollectorError('spool_unusable', `${path} cannot be read.`, {
        fix: 'Restore it from a backup, or remove it: then events that are sent again may be stored twice.',
      });
    }
    const found = bytes.readUInt32LE(magic.length);
    if (found > version) throw newerVersion(path, found);
    return bytes.subarray(headerBytes);
  }
}
