import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isShown, readFences } from './fences.ts';

describe('readFences', () => {
  it('gives language, file, text and line of each block', () => {
    const markdown = 'Words\n\n```sh\nls\npwd\n```\n\n```yaml a.yml\nb: 1\n```\n```\npicture\n```\n';
    assert.deepEqual(readFences(markdown), [
      { language: 'sh', file: undefined, text: 'ls\npwd\n', line: 4 },
      { language: 'yaml', file: 'a.yml', text: 'b: 1\n', line: 9 },
      { language: '', file: undefined, text: 'picture\n', line: 12 },
    ]);
  });

  it('refuses a block without an end', () => {
    assert.throws(() => readFences('a\n```sh\nls\n'), /line 3 is not closed/);
  });
});

describe('isShown', () => {
  it('takes the same text, whatever the blanks', () => {
    assert.ok(isShown('NAME  SIZE\na     1\n', '\nNAME SIZE  \na    1\n\n'));
    assert.ok(!isShown('a 1\n', 'a 2\n'));
    assert.ok(!isShown('a\n', 'a\nb\n'));
    assert.ok(!isShown('a.c\n', 'abc\n'));
  });

  it('takes anything within a line for an ellipsis, and any lines for a line of it', () => {
    assert.ok(isShown('id …-7, done\n', 'id 4b8931f4-7, done\n'));
    assert.ok(!isShown('id …, done\n', 'id 1\n2, done\n'));
    assert.ok(isShown('first\n…\nlast\n', 'first\n1\n2\nlast\n'));
    assert.ok(isShown('first\n…\nlast\n', 'first\nlast\n'));
    assert.ok(!isShown('first\n…\nlast\n', 'first\n1\n'));
  });
});
