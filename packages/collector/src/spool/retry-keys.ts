/**
 * The retry keys of segments that are gone. An answer may be lost with the process that gave it, and the retry may come when
 * the frame is long stored and its segment removed, several starts later: what was accepted must be known then, too.
 */
import { join } from 'node:path';

import { CollectorError } from '../errors.ts';
import { readText, replaceFile } from '../files.ts';
import type { SpoolFiles } from '../files.ts';
import type { RetryMemory } from './retry-memory.ts';
import type { Segment } from './segment.ts';

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

  /** Remembers what the files hold. Errors: `spool_unusable`. */
  async load(): Promise<void> {
    const names = (await this.#files.list(this.#folder)).filter((name) => name.endsWith('.keys')).sort();
    for (const name of names) {
      const keys = await this.#read(join(this.#folder, name));
      this.#memory.restore(keys);
      this.#kept.push({ name, keys: keys.length });
    }
  }

  /** Call it before the segment is removed. */
  async keep(segment: Segment): Promise<void> {
    const { firstSequence, lastSequence, index } = segment;
    const keys = this.#memory.fingerprintsBetween(firstSequence ?? 0, lastSequence);
    if (keys.length === 0) return;
    const name = `segment-${String(index).padStart(10, '0')}.keys`;
    await replaceFile(this.#files, { folder: this.#folder, name, text: JSON.stringify(keys) });
    this.#kept.push({ name, keys: keys.length });
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

  async #read(path: string): Promise<string[]> {
    try {
      return JSON.parse(await readText(this.#files, path)) as string[];
    } catch (cause) {
      throw new CollectorError('spool_unusable', `${path} cannot be read.`, {
        cause,
        fix: 'Restore it from a backup, or remove it: then events that are sent again may be stored twice.',
      });
    }
  }
}
