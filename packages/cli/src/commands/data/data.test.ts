import assert from 'node:assert/strict';
import { readFile, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { after, describe, it } from 'node:test';

import { startSystem } from '@gleaner/testkit';
import type { System } from '@gleaner/testkit';

import { gleaner } from '../../gleaner-process.ts';

const first = await startSystem();
for (const id of ['c1', 'c2']) {
  await send(first, {
    collection: 'model_inputs',
    id,
    body: `[{"a":1.0,"big":12345678901234567890},{"a":"${id}"}]`,
  });
  await send(first, { collection: 'model_outputs', id, body: '[{"score":1},{"score":2}]' });
}
await first.finish();
// The same folder again: the windows are opened anew and sealed once more.
await using second = await startSystem({ folder: first.folder });
await send(second, { collection: 'model_inputs', id: 'c3', body: '{"not":"rows"}' });
await second.finish();
after(() => rm(first.folder, { recursive: true, force: true }));

const { dataFolder } = first;
const collections = join(dataFolder, 'modelDataCollector', 'iris', 'blue');
const inputs = join(collections, 'model_inputs');
const outputs = join(collections, 'model_outputs');

describe('gleaner data ls', () => {
  it('lists collections with their sizes', async () => {
    const { exitCode, stdout } = await gleaner(['data', 'ls', dataFolder, '-o', 'json']);
    assert.equal(exitCode, 0);
    const found = JSON.parse(stdout) as {
      collection: string;
      records: number;
      sealedWindows: number;
      windows: number;
    }[];
    assert.deepEqual(
      found.map(({ collection, records }) => [basename(collection), records]),
      [
        ['model_inputs', 3],
        ['model_outputs', 2],
      ],
    );
    assert.ok(found.every(({ sealedWindows, windows }) => sealedWindows === windows));
  });

  it('answers a query on the list', async () => {
    const query = ['--query', '[].{n: records}'];
    const ask = async (format: string) =>
      (await gleaner(['data', 'ls', dataFolder, '-o', format, ...query])).stdout;
    assert.equal(await ask('tsv'), '3\n2\n');
    assert.equal(await ask('yaml'), '- n: 3\n- n: 2\n');
    assert.match(await ask('table'), /^n\s*\n3\s*\n2\s*\n$/);
  });

  it('shows the files as a tree, the spool left out', async () => {
    const { stdout } = await gleaner(['data', 'ls', dataFolder, '--tree']);
    assert.match(
      stdout,
      /model_outputs\/2026\/11\/23\/18\n\s+\S+ \w+\.jsonl {2}\S+ k?B\n\s+\S+ \w+\.manifest\.json {2}\S+ k?B\n/,
    );
    assert.doesNotMatch(stdout, /spool/);
  });
});

describe('gleaner data head', () => {
  it('prints raw lines byte for byte', async () => {
    const file = await dataFile(outputs);
    const { stdout } = await gleaner(['data', 'head', file, '-o', 'jsonl']);
    assert.equal(stdout, await readFile(file, 'utf8'));
    const one = await gleaner(['data', 'head', outputs, '-n', '1', '-o', 'jsonl']);
    assert.equal(one.stdout, stdout.slice(0, stdout.indexOf('\n') + 1));
  });

  it('gives one line a record, so many at most', async () => {
    const { stdout } = await gleaner(['data', 'head', dataFolder, '-n', '4']);
    const [head = '', ...lines] = stdout.trimEnd().split('\n');
    assert.match(head, /TIME +COLLECTION +CORRELATION ID +DATA/);
    assert.equal(lines.length, 4);
    assert.match(lines[0] ?? '', / model_inputs +c1 +\[\{"a":1\.0,/);
  });
});

describe('gleaner data join', () => {
  it('puts inputs and outputs of a row side by side, numbers as they were sent', async () => {
    const { exitCode, stdout } = await gleaner(['data', 'join', inputs, outputs, '-n', '3', '-o', 'tsv']);
    assert.equal(exitCode, 0);
    const rows = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    assert.deepEqual(
      rows.map(([id, , , ...columns]) => [id, ...columns]),
      [
        ['c1_0', '1.0', '12345678901234567890', '1'],
        ['c1_1', 'c1', '', '2'],
        ['c2_0', '1.0', '12345678901234567890', '1'],
      ],
    );
  });

  it('wants one collection a side, and names those there are', async () => {
    const { exitCode, stderr } = await gleaner(['data', 'join', dataFolder, outputs]);
    assert.equal(exitCode, 2);
    assert.match(stderr, /iris\/blue\/model_inputs/);
  });

  it('fails when no row joins', async () => {
    await using other = await startSystem({ collections: { later: { enabled: 'true' } } });
    await send(other, { collection: 'later', id: 'c9', body: '[{"x":1}]' });
    await other.finish();
    const { exitCode, stderr } = await gleaner(['data', 'join', other.dataFolder, outputs]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /empty data asset/);
  });
});

describe('gleaner data verify', () => {
  it('agrees with the collector, also after it was started twice', async () => {
    const { exitCode, stdout } = await gleaner(['data', 'verify', dataFolder]);
    assert.equal(exitCode, 0, stdout);
    assert.equal(lastLine(stdout), 'accepted 5 · stored 5 · missing 0 · duplicate 0');
  });

  it('looks at bodies and places with --deep', async () => {
    const { exitCode, stdout } = await verifyDeep();
    assert.deepEqual([exitCode, /^(error|note) /m.test(stdout)], [0, false], stdout);
    const left = join(await dataFile(outputs), '../left.json');
    await writeFile(left, '[]');
    try {
      assert.match((await verifyDeep()).stdout, /^note +payload_unclaimed .*left\.json/m);
    } finally {
      await unlink(left);
    }
  });

  it('takes a window folder for its window', async () => {
    const window = join(await dataFile(outputs), '..');
    const { stdout } = await gleaner(['data', 'verify', window]);
    assert.equal(lastLine(stdout), 'accepted 2 · stored 2 · missing 0 · duplicate 0');
  });

  const damages: Record<string, { damage: (lines: string[]) => string; last: string; code: string }> = {
    'a flipped byte': {
      damage: (lines) => lines.join('').replace('"score":1', '"score":0'),
      last: 'accepted 5 · stored 5 · missing 0 · duplicate 0',
      code: 'chain_mismatch',
    },
    'a deleted line': {
      damage: (lines) => lines.slice(1).join(''),
      last: 'accepted 5 · stored 4 · missing 1 · duplicate 0',
      code: 'file_short',
    },
    'a line that is there twice': {
      damage: (lines) => [...lines, lines[0]].join(''),
      last: 'accepted 6 · stored 5 · missing 0 · duplicate 1',
      code: 'event_duplicate',
    },
  };
  for (const [what, { damage, last, code }] of Object.entries(damages)) {
    it(`finds ${what}`, async () => {
      const file = await dataFile(outputs);
      await whileChanged(file, async (text) => {
        await writeFile(file, damage(text.split(/(?<=\n)/)));
        await assertFails({ last, code });
      });
    });
  }

  it('finds a deleted file', async () => {
    const file = await dataFile(outputs);
    await whileChanged(file, async () => {
      await unlink(file);
      await assertFails({ last: 'accepted 5 · stored 3 · missing 2 · duplicate 0', code: 'file_missing' });
    });
  });

  it('finds a missing body', async () => {
    const name =
      (await readdir(inputs, { recursive: true })).find((one) => /[0-9a-f-]{36}\.json$/.test(one)) ?? '';
    const body = join(inputs, name);
    await whileChanged(body, async () => {
      await unlink(body);
      await assertFails({ last: 'accepted 5 · stored 5 · missing 0 · duplicate 0', code: 'payload_missing' });
    });
  });
});

function verifyDeep() {
  return gleaner(['data', 'verify', '--deep', dataFolder]);
}

async function assertFails({ last, code }: { last: string; code: string }): Promise<void> {
  const { exitCode, stdout } = await gleaner(['data', 'verify', dataFolder]);
  assert.equal(exitCode, 1);
  assert.match(stdout, new RegExp(`^error +${code} `, 'm'));
  assert.equal(lastLine(stdout), last);
}

async function whileChanged(file: string, change: (text: string) => Promise<void>): Promise<void> {
  const text = await readFile(file, 'utf8');
  try {
    await change(text);
  } finally {
    await writeFile(file, text);
  }
}

async function dataFile(collection: string): Promise<string> {
  const names = await readdir(collection, { recursive: true });
  return join(collection, names.find((name) => name.endsWith('.jsonl')) ?? '');
}

function lastLine(text: string): string | undefined {
  return text.trimEnd().split('\n').at(-1);
}

async function send(
  system: System,
  { collection, id, body }: { collection: string; id: string; body: string },
): Promise<void> {
  const headers = {
    'content-type': 'application/json',
    'ce-type': `azureml.inference.${collection}`,
    'ce-x-request-id': id,
    'ce-time': '2026-11-23T18:15:00Z',
  };
  const { status } = await fetch(`${system.intakeUrl}/modeldata/log`, { method: 'POST', headers, body });
  assert.equal(status, 200);
}
