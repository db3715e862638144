/**
 * A file layer in memory that remembers what a power cut would leave: bytes that were synced, and names whose folder was.
 * Everything else is there until {@link ForgetfulFiles.cutPower}, and gone afterwards.
 */
import type { SpoolFile, SpoolFiles } from '@gleaner/collector';

const sectorBytes = 512;

interface Content {
  bytes: Buffer;
  synced: Buffer;
}

export interface ForgetfulOptions {
  /** False: `sync` is a lie, as on a disk with a volatile cache. */
  syncs?: boolean;
}

export class ForgetfulFiles {
  readonly #syncs: boolean;
  #names = new Map<string, Content>();
  #syncedNames = new Map<string, Content>();
  #process = 0;
  /** Set to make writes fail with this `errno` code. */
  failWritesWith: string | undefined;

  constructor({ syncs = true }: ForgetfulOptions = {}) {
    this.#syncs = syncs;
  }

  /** The files as a new process sees them. Its calls fail once it was killed. */
  startProcess(): SpoolFiles {
    const process = ++this.#process;
    // A turn of the event loop per call, as with a real disk: whatever a caller does meanwhile gets its chance.
    const alive = async (path: string): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      if (process !== this.#process) throw failure('EBADF', path);
    };
    return {
      open: async (path, mode) => {
        await alive(path);
        return this.#open(path, { mode, alive });
      },
      list: async (folder) => {
        await alive(folder);
        const prefix = `${folder}/`;
        const below = [...this.#names.keys()].filter((path) => path.startsWith(prefix));
        return [...new Set(below.map((path) => path.slice(prefix.length).split('/', 1)[0] ?? ''))];
      },
      makeFolder: alive,
      rename: async (from, to) => {
        await alive(from);
        const content = this.#names.get(from);
        if (content === undefined) throw failure('ENOENT', from);
        this.#names.delete(from);
        this.#names.set(to, content);
      },
      remove: async (path) => {
        await alive(path);
        this.#names.delete(path);
      },
      syncFolder: async (folder) => {
        await alive(folder);
        if (this.#syncs) this.#syncFolder(folder);
      },
    };
  }

  /** The process is gone. Nothing is forgotten. */
  kill(): void {
    this.#process++;
  }

  /**
   * The machine is gone, and comes back with what was synced. With `random`, each sector that was written since then is there
   * or not, too.
   */
  cutPower(random?: () => number): void {
    this.kill();
    this.#names = new Map(this.#syncedNames);
    for (const content of this.#names.values()) {
      content.bytes = random === undefined ? Buffer.from(content.synced) : torn(content, random);
      content.synced = content.bytes;
    }
  }

  #syncFolder(folder: string): void {
    for (const path of this.#syncedNames.keys()) {
      if (parentOf(path) === folder && !this.#names.has(path)) this.#syncedNames.delete(path);
    }
    for (const [path, content] of this.#names) {
      if (parentOf(path) === folder) this.#syncedNames.set(path, content);
    }
  }

  #open(
    path: string,
    { mode, alive }: { mode: 'create' | 'open'; alive: (path: string) => Promise<void> },
  ): SpoolFile {
    const existing = this.#names.get(path);
    if (mode === 'create' && existing !== undefined) throw failure('EEXIST', path);
    if (mode === 'open' && existing === undefined) throw failure('ENOENT', path);
    const content = existing ?? { bytes: Buffer.alloc(0), synced: Buffer.alloc(0) };
    this.#names.set(path, content);
    return {
      write: async (pieces, position) => {
        await alive(path);
        if (this.failWritesWith !== undefined) throw failure(this.failWritesWith, path);
        const written = Buffer.concat(pieces);
        const length = Math.max(content.bytes.length, position + written.length);
        const bytes = Buffer.alloc(length);
        content.bytes.copy(bytes);
        written.copy(bytes, position);
        content.bytes = bytes;
      },
      read: async (target, position) => {
        await alive(path);
        const slice = content.bytes.subarray(position, position + target.length);
        target.set(slice);
        return slice.length;
      },
      length: async () => {
        await alive(path);
        return content.bytes.length;
      },
      truncate: async (length) => {
        await alive(path);
        const bytes = Buffer.alloc(length);
        content.bytes.copy(bytes);
        content.bytes = bytes;
      },
      sync: async () => {
        const { bytes } = content;
        await alive(path);
        if (this.#syncs) content.synced = Buffer.from(bytes);
      },
      close: () => Promise.resolve(),
    };
  }
}

/** A sector is written whole or not at all; so is the length, and what lies beyond the sectors that were written is zeros. */
function torn({ bytes, synced }: Content, random: () => number): Buffer {
  const left = Buffer.alloc((random() < 0.5 ? synced : bytes).length);
  for (let at = 0; at < left.length; at += sectorBytes) {
    const source = random() < 0.5 ? synced : bytes;
    left.set(source.subarray(at, Math.min(at + sectorBytes, left.length)), at);
  }
  return left;
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}
