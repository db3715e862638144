import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import fc from 'fast-check';
import { nameOf } from '../layout.ts';
import { sampleInstance, sampleLine, writeOpenWindow, writeSealedWindow } from '../sample-data.ts';
import { verify } from './verify.ts';

const collection = 'iris/blue/model_inputs';
const hours = [17, 18, 19, 20];
const windowOf = (hour: number) => `${collection}/2026/11/23/${hour}`;
const fileOf = (hour: number) => `${windowOf(hour)}/${sampleInstance}.jsonl`;
const manifestOf = (hour: number) => fileOf(hour).replace('.jsonl', '.manifest.json');
const bodyOf = (hour: number) => `${windowOf(hour)}/${hour}-body.json`;

async function text(datastore: Datastore, path: string): Promise<string> {
  return Buffer.concat(await Array.fromAsync(datastore.read(path))).toString();
}

/** Four hours of an instance, sealed one after the other; in each three lines and a body beside one of them. */
async function sealedHours(): Promise<Datastore> {
  const datastore = createMemoryDatastore();
  let previous: string | null = null;
  for (const hour of hours) {
    await datastore.put(bodyOf(hour), Buffer.from('[{"a":1}]'));
    const url = datastore.url(bodyOf(hour));
    const lines = [
      sampleLine({ id: `${hour}-a` }),
      sampleLine({ id: `${hour}-b`, data: `[{"a":${hour}.0,"t":"x"}]` }),
      sampleLine({ id: `${hour}-body`, body: { url, byteLength: 9, tabular: true } }),
    ].map((line) => line.replace('T18:00:00Z', `T${hour}:00:00Z`));
    const window = `2026/11/23/${hour}`;
    previous = await writeSealedWindow(datastore, { window, lines }, { previous });
  }
  return datastore;
}

async function deepFindings(datastore: Datastore): Promise<string[]> {
  const { findings } = await verify(datastore, '', { deep: true });
  return findings.map(({ code, file, line }) => `${code} ${file}${line === undefined ? '' : `:${line}`}`);
}

describe('verify, deep', () => {
  it('finds nothing wrong where nothing is', async () => {
    await using datastore = await sealedHours();
    await writeOpenWindow(datastore, { window: '2026/11/23/21', lines: [sampleLine({ id: 'open' })] });
    const { ok, findings } = await verify(datastore, '', { deep: true });
    assert.deepEqual([ok, findings], [true, []]);
  });

  it('names each line that was brought from another hour or collection', async () => {
    await using datastore = await sealedHours();
    const line = sampleLine({ id: 'x', collection: 'other' });
    await writeSealedWindow(datastore, {
      collection: 'a/model_inputs',
      lines: [sampleLine({ id: 'y' }), line],
    });
    const lines = [sampleLine({ id: 'z' })];
    await writeSealedWindow(datastore, { collection: 'a/model_outputs', window: '2026/11/23/19', lines });
    const outputs = `a/model_outputs/2026/11/23/19/${sampleInstance}.jsonl`;
    assert.deepEqual(await deepFindings(datastore), [
      `record_misplaced a/model_inputs/2026/11/23/18/${sampleInstance}.jsonl:2`,
      // Its time, and its collection.
      `record_misplaced ${outputs}:1`,
      `record_misplaced ${outputs}:1`,
    ]);
  });

  it('reads the bodies beside the lines', async () => {
    await using datastore = await sealedHours();
    const { read } = datastore;
    datastore.read = async function* (path, range) {
      for await (const chunk of read.call(datastore, path, range))
        yield path === bodyOf(18) ? chunk.subarray(0, 5) : chunk;
    };
    assert.deepEqual(await deepFindings(datastore), [`payload_changed ${fileOf(18)}:3`]);
    assert.equal((await verify(datastore)).ok, true);
  });

  it('finds the stream that an answer was put together from', async () => {
    await using datastore = createMemoryDatastore();
    const path = `${windowOf(18)}/s`;
    await datastore.put(path, Buffer.from('data: 1\n\n'));
    const line = sampleLine({ id: 's' }).replace(/\}\n$/, `,"eventstreamref":"${datastore.url(path)}"}\n`);
    await writeSealedWindow(datastore, { lines: [line] });
    assert.deepEqual(await deepFindings(datastore), []);
    await datastore.delete(path);
    assert.deepEqual(await deepFindings(datastore), [`payload_missing ${fileOf(18)}:1`]);
  });

  it('notes a body that no line names', async () => {
    await using datastore = await sealedHours();
    await datastore.put(`${windowOf(18)}/left.json`, Buffer.from('[]'));
    await datastore.put(`${windowOf(18)}/_SUCCESS`, Buffer.from(''));
    assert.deepEqual(await deepFindings(datastore), [`payload_unclaimed ${windowOf(18)}/left.json`]);
    assert.equal((await verify(datastore, '', { deep: true })).ok, true);
  });

  it('names the file whose manifest is gone, and the hours around the gap', async () => {
    await using datastore = await sealedHours();
    await datastore.delete(manifestOf(19));
    const { findings } = await verify(datastore);
    assert.deepEqual(
      findings.map(({ code, file }) => `${code} ${file}`),
      [`manifest_previous_unknown ${manifestOf(20)}`, `manifest_missing ${fileOf(19)}`],
    );
    assert.match(findings[0]?.message ?? '', /The one of 2026\/11\/23\/18 is the last/);
  });

  it('finds and names whatever is changed in a sealed collection', async () => {
    const hour = fc.constantFrom(...hours);
    const mutation = fc.oneof(
      fc.record({ kind: fc.constant('flip' as const), hour, at: fc.nat(), bit: fc.nat(7) }),
      fc.record({ kind: fc.constant('delete line' as const), hour, line: fc.nat(2) }),
      fc.record({ kind: fc.constant('repeat line' as const), hour, line: fc.nat(2) }),
      fc.record({ kind: fc.constant('swap lines' as const), hour, line: fc.nat(1) }),
      fc.record({ kind: fc.constant('swap files' as const), hour, by: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ kind: fc.constant('cut' as const), hour, at: fc.nat() }),
      fc.record({ kind: fc.constant('delete file' as const), hour }),
      fc.record({ kind: fc.constant('delete body' as const), hour }),
      fc.record({ kind: fc.constant('cut body' as const), hour, at: fc.nat() }),
      // The last hour has nothing behind it that would know of it.
      fc.record({
        kind: fc.constant('flip manifest' as const),
        hour: fc.constantFrom(17, 18, 19),
        at: fc.nat(),
        bit: fc.nat(7),
      }),
      fc.record({ kind: fc.constant('delete manifest' as const), hour: fc.constantFrom(17, 18, 19) }),
      fc.record({ kind: fc.constant('delete hour' as const), hour: fc.constantFrom(17, 18, 19) }),
    );
    await fc.assert(
      fc.asyncProperty(mutation, async (one) => {
        await using datastore = await sealedHours();
        const places = await mutate(datastore, one);
        const { ok, findings } = await verify(datastore, '', { deep: true });
        assert.equal(ok, false);
        const errors = findings.filter(({ severity }) => severity === 'error').map(({ file }) => file);
        assert.ok(
          errors.some((file) => places.includes(file)),
          `${errors.join(', ')} for ${places.join(', ')}`,
        );
      }),
      { numRuns: 300 },
    );
  });
});

type Mutation =
  | { kind: 'flip' | 'flip manifest'; hour: number; at: number; bit: number }
  | { kind: 'delete line' | 'repeat line' | 'swap lines'; hour: number; line: number }
  | { kind: 'swap files'; hour: number; by: number }
  | { kind: 'cut' | 'cut body'; hour: number; at: number }
  | { kind: 'delete file' | 'delete body' | 'delete manifest' | 'delete hour'; hour: number };

/** Changes the store; gives the files one of which has to be named: the changed one, what speaks for it, or what follows it. */
async function mutate(datastore: Datastore, mutation: Mutation): Promise<string[]> {
  const { hour } = mutation;
  const own = [fileOf(hour), manifestOf(hour)];
  const behind = [...own, manifestOf(hour + 1)];
  const change = async (path: string, work: (bytes: Buffer) => Uint8Array) =>
    datastore.put(path, work(Buffer.from(await text(datastore, path))));
  const changeLines = (work: (lines: string[]) => string[]) =>
    change(fileOf(hour), (bytes) => Buffer.from(work(bytes.toString().split(/(?<=\n)/)).join('')));
  switch (mutation.kind) {
    case 'flip':
    case 'flip manifest': {
      const { at, bit, kind } = mutation;
      await change(kind === 'flip' ? fileOf(hour) : manifestOf(hour), (bytes) => {
        const place = at % bytes.length;
        bytes[place] = (bytes[place] ?? 0) ^ (1 << bit);
        return bytes;
      });
      return kind === 'flip' ? own : behind;
    }
    case 'delete line':
      await changeLines((lines) => lines.toSpliced(mutation.line, 1));
      return own;
    case 'repeat line':
      await changeLines((lines) => lines.toSpliced(mutation.line, 0, lines[mutation.line] ?? ''));
      return own;
    case 'swap lines':
      await changeLines(([a = '', b = '', c = '']) => (mutation.line === 0 ? [b, a, c] : [a, c, b]));
      return own;
    case 'swap files': {
      const other = hours[(hours.indexOf(hour) + mutation.by) % hours.length] ?? hour;
      const [one, two] = [await text(datastore, fileOf(hour)), await text(datastore, fileOf(other))];
      await datastore.put(fileOf(hour), Buffer.from(two));
      await datastore.put(fileOf(other), Buffer.from(one));
      return [fileOf(hour)];
    }
    case 'cut':
      await change(fileOf(hour), (bytes) => bytes.subarray(0, mutation.at % bytes.length));
      return own;
    case 'cut body':
      await change(bodyOf(hour), (bytes) => bytes.subarray(0, mutation.at % bytes.length));
      return own;
    case 'delete file':
      await datastore.delete(fileOf(hour));
      return own;
    case 'delete body':
      await datastore.delete(bodyOf(hour));
      return own;
    case 'delete manifest':
      await datastore.delete(manifestOf(hour));
      return [fileOf(hour)];
    case 'delete hour': {
      const all = await Array.fromAsync(datastore.list(`${windowOf(hour)}/`));
      assert.ok(all.some(({ path }) => nameOf(path) === nameOf(bodyOf(hour))));
      for (const { path } of all) await datastore.delete(path);
      return behind;
    }
  }
}
