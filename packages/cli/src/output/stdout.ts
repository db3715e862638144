import { once } from 'node:events';

const fullBytes = 64 * 1024;

/** Standard output in large pieces, no faster than its reader takes them. */
export interface Stdout {
  write(piece: string | Uint8Array): Promise<void>;
  end(): Promise<void>;
}

export function openStdout(): Stdout {
  let pieces: Uint8Array[] = [];
  let held = 0;
  const flush = async (): Promise<void> => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    held = 0;
    if (bytes.length > 0 && !process.stdout.write(bytes)) await once(process.stdout, 'drain');
  };
  return {
    async write(piece) {
      const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
      pieces.push(bytes);
      held += bytes.length;
      if (held >= fullBytes) await flush();
    },
    end: flush,
  };
}
