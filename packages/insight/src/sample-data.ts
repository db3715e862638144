/** Collected data as the collector writes them, made by the protocol's own writers. For tests. */
import { hash } from 'node:crypto';
import type { Datastore } from '@gleaner/datastore';
import {
  chainNext,
  chainStart,
  inlineFrame,
  manifestName,
  manifestVersion,
  parseWindowFolder,
  referenceLine,
  writeManifest,
} from '@gleaner/protocol';
import type { Manifest } from '@gleaner/protocol';

export const sampleInstance = '4fda2efaa7364394a89c37989af9db93000000';

export interface SampleRecord {
  id: string;
  /** Default: the id. */
  correlationId?: string;
  collection?: string;
  /** JSON text. Default: one row. */
  data?: string;
  /** Where the body rests, and how long it is. */
  body?: { url: string; byteLength: number; tabular: boolean };
}

/** A record line with its line feed. */
export function sampleLine(record: SampleRecord): string {
  const { id, correlationId = id, collection = 'model_inputs', data = '[{"a":1.0}]', body } = record;
  const attributes = {
    id,
    source: '/subscriptions/s/onlineEndpoints/iris/deployments/blue',
    collection,
    contentType: 'application/json',
    time: Date.UTC(2026, 10, 23, 18) / 1000,
    bodyBytes: body?.byteLength ?? Buffer.byteLength(data),
    correlationId,
    extensions: [['modelversion', 'default']] as const,
  };
  if (body !== undefined) return referenceLine(attributes, body);
  const { head, tail } = inlineFrame(attributes);
  return head + data + tail;
}

export interface SampleWindow {
  collection?: string;
  window?: string;
  instance?: string;
  lines: string[];
}

/** Puts the lines of one window into the store, without a manifest; says where. */
export async function writeOpenWindow(datastore: Datastore, sample: SampleWindow): Promise<string> {
  const {
    collection = 'iris/blue/model_inputs',
    window = '2026/11/23/18',
    instance = sampleInstance,
  } = sample;
  const path = `${collection}/${window}/${instance}.jsonl`;
  await datastore.put(path, Buffer.from(sample.lines.join('')));
  return path;
}

/** The same with a manifest, whose hash it returns: what the next manifest of the instance names as `previous`. */
export async function writeSealedWindow(
  datastore: Datastore,
  sample: SampleWindow,
  changes: Partial<Manifest> = {},
): Promise<string> {
  const {
    collection = 'iris/blue/model_inputs',
    window = '2026/11/23/18',
    instance = sampleInstance,
  } = sample;
  await writeOpenWindow(datastore, sample);
  const bytes = Buffer.byteLength(sample.lines.join(''));
  const lines = sample.lines.length;
  const chain = sample.lines.reduce((head, line) => chainNext(head, Buffer.from(line), sha256), chainStart);
  const text = writeManifest({
    version: manifestVersion,
    instance,
    collection: collection.slice(collection.lastIndexOf('/') + 1),
    window,
    rollingRate: parseWindowFolder(window)?.rate ?? 'hour',
    files: [{ name: `${instance}.jsonl`, lines, bytes }],
    lines,
    bytes,
    firstSequence: lines === 0 ? null : 1,
    lastSequence: lines === 0 ? null : lines,
    seen: lines,
    kept: lines,
    dropped: {},
    chain: Buffer.from(chain).toString('hex'),
    previous: null,
    replaces: [],
    sealedAt: '2026-11-23T19:05:00Z',
    ...changes,
  });
  await datastore.put(`${collection}/${window}/${manifestName(instance)}`, Buffer.from(text));
  return hash('sha256', text, 'hex');
}

function sha256(bytes: Uint8Array): Uint8Array {
  return hash('sha256', bytes, 'buffer');
}
