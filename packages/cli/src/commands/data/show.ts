import { collectionFiles, findRequest, readFileRows, rowJson, timeWindow } from '@gleaner/insight';
import type { Finding, FoundRecord, Row, TableSource } from '@gleaner/insight';
import { cellText, membersOf, shortened, visible } from '../../output/cells.ts';
import { openFindings } from '../../output/findings.ts';
import { printItems, printText } from '../../output/print.ts';
import { styleFor } from '../../output/style.ts';
import { renderTable } from '../../output/table.ts';
import { interruptible } from './interruptible.ts';
import { openData } from './open-data.ts';
import type { OpenedData } from './opened-data.ts';
import { nothingBelow, openCache, sourcesOf, withProgress } from './open-tables.ts';
import type { CacheOptions } from './queries.ts';

/** Sets the exit code to 1 when nothing is found. */
export async function showRequest(
  { correlationId, place }: { correlationId: string; place: string },
  options: CacheOptions,
): Promise<void> {
  await interruptible(async (signal) => {
    await using cache = openCache(options);
    using findings = openFindings();
    await using data = await openData(place, options);
    const sources = await sourcesOf(data, options);
    const onFinding = (found: Finding) => findings.onFinding({ ...found, file: data.show(found.file) });
    if (sources.length === 0) throw nothingBelow(place);
    const objects = (await Promise.all(sources.map(objectsOf))).flat();
    const found = await withProgress((onFile) =>
      findRequest({ datastore: data.datastore, objects }, correlationId, {
        cache,
        onFile,
        onFinding,
        signal,
      }),
    );
    if (options.output === 'table' && options.query === undefined)
      await printText(await requestText(found, data));
    else await printItems(found, { json: (one) => recordJson(one, data) }, options);
    if (found.length > 0) return;
    process.stderr.write(`No record of ${visible(correlationId)} lies below ${place}.\n`);
    process.exitCode = 1;
  });
}

async function objectsOf({ datastore, collection, window = timeWindow(), objects }: TableSource) {
  return objects ?? Array.fromAsync(collectionFiles(datastore, collection, { window }));
}

/** The line as it is stored, and beside it what is known about it. */
function recordJson({ collection, file, line, place, body }: FoundRecord, { show }: OpenedData): string {
  const members = [
    `"collection":${JSON.stringify(collection)}`,
    `"file":${JSON.stringify(show(file))}`,
    `"line":${line.number}`,
    `"record":${Buffer.from(line.bytes).toString().trim()}`,
  ];
  if (place !== undefined) {
    const where =
      place.kind === 'found' ? { file: show(place.path), bytes: place.byteLength } : { url: place.url };
    members.push(`"body_place":${JSON.stringify({ ...where, found: place.kind === 'found' })}`);
  }
  if (body !== undefined) members.push(`"body":${Buffer.from(body).toString().replaceAll(/\n\s*/g, '')}`);
  return `{${members.join(',')}}`;
}

async function requestText(found: readonly FoundRecord[], data: OpenedData): Promise<string> {
  const parts = await Promise.all(
    found.map(async (one) => `${headOf(one, data)}\n${await bodyText(one, data)}`),
  );
  return parts.join('\n');
}

function headOf({ collection, file, line, record }: FoundRecord, { show }: OpenedData): string {
  const { bold, dim } = styleFor(process.stdout);
  const [method, path] = ['method', 'path'].map((name) => record.attributes.get(name));
  const call = method === undefined ? '' : `  ${visible(`${method} ${path ?? ''}`)}`;
  return `${bold(visible(collection))}  ${visible(record.time ?? '')}${call}  ${dim(visible(`${show(file)}:${line.number}`))}`;
}

const maxBodyCharacters = 2000;
const maxCellCharacters = 48;

async function bodyText(found: FoundRecord, { datastore, show }: OpenedData): Promise<string> {
  const { record, place, line, file } = found;
  const rows: Row[] = [];
  const lines = { read: () => once(line.bytes) };
  for await (const row of readFileRows(datastore, file, { lines })) rows.push(row);
  if (rows.length > 0) return rowsText(rows);
  if (place?.kind === 'found') return `  ${visible(show(place.path))}, ${place.byteLength} bytes\n`;
  if (place !== undefined) return `  ${visible(place.url)}, which is not here\n`;
  const text = record.data === undefined ? 'no body' : Buffer.from(record.data).toString();
  return `  ${shortened(visible(text), maxBodyCharacters)}\n`;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function rowsText(rows: readonly Row[]): string {
  const cells = rows.map((row) => membersOf(rowJson(row)));
  const heads = [...new Set(cells.flatMap((row) => [...row.keys()]))].filter(
    (head) => head !== 'correlationid' && head !== 'time',
  );
  return renderTable(
    heads.map(visible),
    cells.map((row) => heads.map((head) => shortened(cellText(row.get(head)), maxCellCharacters))),
  );
}
