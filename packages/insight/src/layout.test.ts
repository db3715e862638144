import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryDatastore } from '@gleaner/datastore';
import { isDataFile, listWindows, windowFolderOf } from './layout.ts';

describe('windowFolderOf', () => {
  const cases: [path: string, collection?: string, window?: string][] = [
    ['iris/blue/model_inputs/2026/11/23/18/a.jsonl', 'iris/blue/model_inputs', '2026/11/23/18'],
    ['c/2026/a.jsonl', 'c', '2026'],
    ['c/2026/11/23/18/05/a.jsonl', 'c', '2026/11/23/18/05'],
    ['2026/11/23/18/a.jsonl', '', '2026/11/23/18'],
    ['2024/2026/11/a.jsonl', '2024', '2026/11'],
    ['c/2026/13/a.jsonl'],
    ['c/2026/11/23/8/a.jsonl'],
    ['c/a.jsonl'],
    ['a.jsonl'],
  ];
  for (const [path, collection, window] of cases) {
    it(`reads ${path}`, () => {
      const folder = windowFolderOf(path);
      assert.deepEqual([folder?.collection, folder?.window], [collection, window]);
      if (folder !== undefined) assert.equal(path.slice(0, folder.path.length), folder.path);
    });
  }
});

describe('listWindows', () => {
  it('gives each window once with all that lies in it, folders within folders included', async () => {
    await using datastore = createMemoryDatastore();
    const paths = [
      'c/2026/11/23/18/a.jsonl',
      'c/2026/11/23/18/a.manifest.json',
      'c/2026/11/23/18/05/m.jsonl',
      'c/2026/11/23/18.jsonl',
      'c/2026/11/23/a.jsonl',
      'c/2026/y.jsonl',
      'c/d/2026/11/23/18/a.jsonl',
      'c-2/2026/11/23/18/a.jsonl',
      'stray.jsonl',
    ];
    for (const path of paths) await datastore.put(path, Buffer.from('x'));
    const found: Record<string, string[]> = {};
    for await (const { path, objects } of listWindows(datastore)) {
      assert.ok(!(path in found), path);
      found[path] = objects.map((object) => object.path.slice(path.length));
    }
    assert.deepEqual(found, {
      'c-2/2026/11/23/18/': ['a.jsonl'],
      'c/2026/11/23/18/05/': ['m.jsonl'],
      'c/2026/11/23/18/': ['a.jsonl', 'a.manifest.json'],
      'c/2026/11/23/': ['18.jsonl', 'a.jsonl'],
      'c/2026/': ['y.jsonl'],
      'c/d/2026/11/23/18/': ['a.jsonl'],
    });
  });
});

describe('isDataFile', () => {
  it('takes what the readers of the original take', () => {
    const names = ['x.jsonl', 'any name.jsonl', '_x.jsonl', '.x.jsonl', 'x.JSONL', 'x.jsonl.gz', 'x.json'];
    assert.deepEqual(
      names.filter((name) => isDataFile(`c/_d/${name}`)),
      ['x.jsonl', 'any name.jsonl'],
    );
  });
});
