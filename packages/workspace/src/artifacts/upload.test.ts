import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';

import { receiveUpload } from './upload.ts';

describe('receiveUpload', () => {
  it('keeps what is there, and takes the same once more', async () => {
    const root = await mkdtemp(join(tmpdir(), 'gleaner-upload-'));
    const put = async (text: string) =>
      receiveUpload({ root, path: 'LocalUpload/abc/score.py', body: Readable.from([text]) });
    try {
      await put('one');
      await put('one');
      await assert.rejects(put('two'), { code: 'resource_exists' });
      assert.equal(await readFile(join(root, 'LocalUpload/abc/score.py'), 'utf8'), 'one');
      assert.deepEqual(await readdir(join(root, 'LocalUpload')), ['abc'], 'nothing unfinished stays');
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
