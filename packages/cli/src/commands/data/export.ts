import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Table, Tables } from '@gleaner/insight';
import { bytesText } from '../../output/cells.ts';
import { usageError } from '../../output/failure.ts';
import { printItems } from '../../output/print.ts';
import { interruptible } from './interruptible.ts';
import { isStoreAddress, openStore } from './open-store.ts';
import { openPlaces } from './open-tables.ts';
import type { ExportOptions, QueryOptions } from './queries.ts';

interface Exported {
  file: string;
  bytes: number;
}

/** One file a collection, called after its view; each is there as a whole or not at all. */
export async function exportData(place: string, options: ExportOptions): Promise<void> {
  const { to, until, ...others } = options;
  const reading: QueryOptions = until === undefined ? others : { ...others, to: until };
  await interruptible(async (signal) => {
    await using opened = await openPlaces([place], reading, signal);
    const write = isStoreAddress(to) ? writeIntoStore : writeIntoFolder;
    const written: Exported[] = [];
    for (const table of opened.tables.tables) {
      if (table.source !== undefined) written.push(await write(opened.tables, table, options));
    }
    await printItems(
      written,
      {
        json: (one) => JSON.stringify(one),
        columns: { FILE: ({ file }) => file, SIZE: ({ bytes }) => bytesText(bytes) },
      },
      options,
    );
  });
}

async function writeIntoFolder(
  tables: Tables,
  table: Table,
  { to, format }: ExportOptions,
): Promise<Exported> {
  const folder = resolve(to.startsWith('file://') ? fileURLToPath(to) : to);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw usageError(`The folder ${folder} cannot be made: ${String(error)}.`, 'Name another with --to.');
  });
  return writeFile(tables, table, { folder, format });
}

async function writeFile(
  tables: Tables,
  table: Table,
  { folder, format }: { folder: string; format: ExportOptions['format'] },
): Promise<Exported> {
  const file = join(folder, `${table.name}.${format}`);
  const unfinished = join(folder, `.${randomUUID()}.part`);
  try {
    await tables.write(table, { path: unfinished, format });
    await rename(unfinished, file);
  } finally {
    await rm(unfinished, { force: true });
  }
  return { file, bytes: (await stat(file)).size };
}

/** By way of a folder of this machine. */
async function writeIntoStore(
  tables: Tables,
  table: Table,
  { to, file, format }: ExportOptions,
): Promise<Exported> {
  await using store = await openStore(to, file);
  const folder = await mkdtemp(join(tmpdir(), 'gleaner-export-'));
  try {
    const local = await writeFile(tables, table, { folder, format });
    const path = `${store.prefix}${table.name}.${format}`;
    await store.datastore.put(path, { byteLength: local.bytes, open: () => createReadStream(local.file) });
    return { file: store.show(path), bytes: local.bytes };
  } finally {
    await rm(folder, { recursive: true });
  }
}
