import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import type { Datastore } from '@gleaner/datastore';
import { sampleInstance, sampleLine, writeOpenWindow, writeSealedWindow } from '../sample-data.ts';
import { verify } from './verify.ts';
import type { VerifyOptions } from './verify.ts';

const [a, b, c] = ['a', 'b', 'c'].map((id) => sampleLine({ id })) as [string, string, string];
const collection = 'iris/blue/model_inputs';
const folder = `${collection}/2026/11/23/18`;
const file = `${folder}/${sampleInstance}.jsonl`;
const manifest = `${folder}/${sampleInstance}.manifest.json`;

/** The line the command ends with, and `code place` of each finding. */
async function verdict(datastore: Datastore, prefix = '', options: VerifyOptions = {}) {
  const { ok, totals, findings } = await verify(datastore, prefix, options);
  const { accepted, stored, missing, duplicate } = totals;
  return {
    ok,
    counts: [accepted, stored, missing, duplicate],
    findings: findings.map(
      ({ code, file, line }) => `${code} ${file}${line === undefined ? '' : `:${line}`}`,
    ),
  };
}

/** A store with one sealed window of three lines. */
async function sealedStore(): Promise<Datastore> {
  const datastore = createMemoryDatastore();
  await writeSealedWindow(datastore, { lines: [a, b, c] });
  return datastore;
}

async function replaceText(
  datastore: Datastore,
  path: string,
  change: (text: string) => string,
): Promise<void> {
  const text = Buffer.concat(await Array.fromAsync(datastore.read(path))).toString();
  await datastore.put(path, Buffer.from(change(text)));
}

describe('verify', () => {
  it('finds nothing wrong with sealed and open windows', async () => {
    await using datastore = createMemoryDatastore();
    const dropped = { sampled_out: 7, spool_full: 1 };
    const first = await writeSealedWindow(datastore, { lines: [a, b] }, { seen: 10, dropped });
    await writeSealedWindow(datastore, { window: '2026/11/23/19', lines: [c] }, { previous: first });
    await writeOpenWindow(datastore, { window: '2026/11/23/20', lines: [sampleLine({ id: 'd' })] });
    await writeSealedWindow(
      datastore,
      { collection: 'z', lines: [] },
      { seen: 2, dropped: { sampled_out: 2 }, files: [] },
    );
    const report = await verify(datastore);
    assert.deepEqual(report.findings, []);
    assert.deepEqual(report.totals, {
      windows: 4,
      sealedWindows: 2,
      files: 4,
      accepted: 4,
      stored: 4,
      missing: 0,
      duplicate: 0,
      seen: 13,
      dropped: { sampled_out: 9, spool_full: 1 },
    });
    assert.deepEqual(
      report.collections.map(({ collection, accepted }) => [collection, accepted]),
      [
        [collection, 4],
        ['z', 0],
      ],
    );
    assert.equal(report.ok, true);
  });

  it('names a window whose line was changed', async () => {
    await using datastore = await sealedStore();
    await replaceText(datastore, file, (text) => text.replace('"a":1.0', '"a":1.1'));
    const findings = [`chain_mismatch ${manifest}`];
    assert.deepEqual(await verdict(datastore), { ok: false, counts: [3, 3, 0, 0], findings });
  });

  it('counts a deleted line as missing', async () => {
    await using datastore = await sealedStore();
    await replaceText(datastore, file, (text) => text.replace(b, ''));
    const findings = [`file_short ${manifest}`];
    assert.deepEqual(await verdict(datastore), { ok: false, counts: [3, 2, 1, 0], findings });
  });

  it('counts a broken line as missing', async () => {
    await using datastore = await sealedStore();
    await replaceText(datastore, file, (text) => text.replace('{"specversion"', '{,specversion"'));
    const findings = [`line_broken ${file}:1`, `chain_mismatch ${manifest}`];
    assert.deepEqual(await verdict(datastore), { ok: false, counts: [3, 2, 1, 0], findings });
  });

  it('names lines that were swapped', async () => {
    await using datastore = await sealedStore();
    await datastore.put(file, Buffer.from(b + a + c));
    assert.deepEqual((await verdict(datastore)).findings, [`chain_mismatch ${manifest}`]);
  });

  it('counts all lines of a missing file, and the gap of a missing window', async () => {
    await using datastore = await sealedStore();
    await datastore.delete(file);
    assert.deepEqual(await verdict(datastore), {
      ok: false,
      counts: [3, 0, 3, 0],
      findings: [`file_missing ${manifest}`],
    });
    await writeSealedWindow(datastore, { window: '2026/11/23/19', lines: [] }, { previous: 'f'.repeat(64) });
    const { findings } = await verdict(datastore);
    assert.equal(findings[1], `manifest_previous_unknown ${manifest.replace('/18/', '/19/')}`);
  });

  it('accepts a manifest that was replaced after the next one had named it', async () => {
    await using datastore = createMemoryDatastore();
    const first = await writeSealedWindow(datastore, { lines: [a] });
    await writeSealedWindow(datastore, { window: '2026/11/23/19', lines: [b] }, { previous: first });
    await writeSealedWindow(datastore, { lines: [a, c] }, { replaces: [first] });
    assert.deepEqual(await verdict(datastore), { ok: true, counts: [3, 3, 0, 0], findings: [] });
    await writeSealedWindow(datastore, { lines: [a, c] });
    assert.deepEqual((await verdict(datastore)).findings, [
      `manifest_previous_unknown ${manifest.replace('/18/', '/19/')}`,
    ]);
  });

  it('says nothing of what came before the part it was asked for', async () => {
    await using datastore = createMemoryDatastore();
    await writeSealedWindow(datastore, { lines: [a] }, { previous: 'f'.repeat(64) });
    assert.equal((await verdict(datastore, `${collection}/`)).ok, false);
    assert.equal((await verdict(datastore, `${collection}/2026/11/`)).ok, true);
  });

  it('takes lines behind the sealed ones as open', async () => {
    await using datastore = await sealedStore();
    const more = sampleLine({ id: 'late' });
    await replaceText(datastore, file, (text) => text + more);
    const report = await verify(datastore);
    assert.deepEqual([report.ok, report.totals.accepted, report.totals.sealedWindows], [true, 4, 0]);
    await replaceText(datastore, file, (text) => text + more.slice(0, 30));
    assert.deepEqual(await verdict(datastore), {
      ok: true,
      counts: [4, 4, 0, 0],
      findings: [`line_cut ${file}:5`],
    });
  });

  for (const maxEventIds of [1000, 3, 1]) {
    it(`finds one event twice across the files of a collection, with room for ${maxEventIds}`, async () => {
      await using datastore = await sealedStore();
      const more = ['d', 'e', 'f', 'g', 'h', 'i', 'j', 'k'].map((id) => sampleLine({ id }));
      await writeOpenWindow(datastore, { window: '2026/11/24/01', lines: [c, a, ...more] });
      await writeOpenWindow(datastore, { collection: 'iris/blue/model_outputs', lines: [a] });
      const again = `${collection}/2026/11/24/01/${sampleInstance}.jsonl`;
      const found = await verdict(datastore, '', { maxEventIds });
      assert.deepEqual([found.ok, found.counts], [false, [14, 12, 0, 2]]);
      assert.deepEqual(found.findings.sort(), [`event_duplicate ${again}:1`, `event_duplicate ${again}:2`]);
    });
  }

  it('looks for the bodies beside the lines, and at their length', async () => {
    await using datastore = createMemoryDatastore();
    await datastore.put(`${folder}/ok.json`, Buffer.from('[{}]'));
    await datastore.put(`${folder}/short.json`, Buffer.from('[{'));
    const reference = (id: string, url = datastore.url(`${folder}/${id}.json`)) =>
      sampleLine({ id, body: { url, byteLength: 4, tabular: id !== 'gone' } });
    const lines = [
      reference('ok'),
      reference('short'),
      reference('gone'),
      reference('far', 'https://x.example/far'),
    ];
    await writeOpenWindow(datastore, { lines });
    assert.deepEqual(await verdict(datastore), {
      ok: false,
      counts: [4, 4, 0, 0],
      findings: [`payload_changed ${file}:2`, `payload_missing ${file}:3`, `payload_elsewhere ${file}:4`],
    });
  });

  it('names manifests that cannot be right', async () => {
    const sample = { lines: [a, b, c] };
    const cases: [finding: string, (datastore: Datastore) => Promise<unknown>][] = [
      ['manifest_inconsistent', (datastore) => writeSealedWindow(datastore, sample, { seen: 9 })],
      ['manifest_inconsistent', (datastore) => writeSealedWindow(datastore, sample, { bytes: 9 })],
      ['manifest_inconsistent', (datastore) => writeSealedWindow(datastore, sample, { kept: 2, seen: 2 })],
      [
        'manifest_misplaced',
        (datastore) => writeSealedWindow(datastore, sample, { window: '2026/11/23/17' }),
      ],
      ['manifest_misplaced', (datastore) => writeSealedWindow(datastore, sample, { instance: 'other' })],
      ['manifest_invalid', (datastore) => replaceText(datastore, manifest, (text) => text.slice(9))],
      [
        'manifest_invalid',
        (datastore) => replaceText(datastore, manifest, (text) => text.replace(':1,', ':2,')),
      ],
      [
        'manifest_invalid',
        (datastore) => replaceText(datastore, manifest, (text) => text.replace('"name":"', '"name":"../')),
      ],
    ];
    for (const [finding, spoil] of cases) {
      await using datastore = await sealedStore();
      await spoil(datastore);
      const { ok, findings } = await verdict(datastore);
      assert.deepEqual([ok, findings], [false, [`${finding} ${manifest}`]]);
    }
  });

  it('names objects that are no records', async () => {
    await using datastore = createMemoryDatastore();
    const incomplete = ['id', 'source', 'type'].map((key) => c.replace(`"${key}":`, '"other":'));
    await writeOpenWindow(datastore, { lines: [a, a.trim() + b, ...incomplete] });
    assert.deepEqual((await verdict(datastore)).findings, [
      `line_trailing ${file}:2`,
      `event_duplicate ${file}:2`,
      ...[3, 4, 5].map((line) => `record_incomplete ${file}:${line}`),
    ]);
  });

  it('keeps so many findings and counts the rest', async () => {
    await using datastore = createMemoryDatastore();
    await writeOpenWindow(datastore, { lines: Array.from({ length: 10 }, () => 'broken\n') });
    const { ok, findings, findingsOmitted } = await verify(datastore, '', { maxFindings: 4 });
    assert.deepEqual([ok, findings.length, findingsOmitted], [false, 4, 6]);
  });
});
