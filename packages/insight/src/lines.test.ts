import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { countLines, readLines } from './lines.ts';

/** An object that arrives in these chunks. */
function chunked(chunks: readonly (string | Uint8Array)[]) {
  return {
    async *read() {
      for (const chunk of chunks) yield Buffer.from(chunk);
    },
  };
}

describe('readLines', () => {
  it('gives every line with its number and place, wherever the chunks are cut', async () => {
    const text = fc.array(fc.constantFrom('a', '{', 'é', '\r', '\n', '\n'), { maxLength: 60, size: 'max' });
    await fc.assert(
      fc.asyncProperty(
        text,
        fc.array(fc.nat(60), { maxLength: 12, size: 'max' }),
        async (characters, cuts) => {
          const bytes = Buffer.from(characters.join(''));
          const places = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length];
          const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end));
          const lines = await Array.fromAsync(readLines(chunked(chunks), 'x'));
          const expected = bytes.toString().match(/[^\n]*\n|[^\n]+$/g) ?? [];
          assert.deepEqual(
            lines.map((line) => Buffer.from(line.bytes).toString()),
            expected,
          );
          assert.deepEqual(
            lines.map((line) => [line.number, bytes.subarray(line.start, line.end).toString()]),
            expected.map((line, index) => [index + 1, line]),
          );
          assert.equal(await countLines(chunked(chunks), 'x'), expected.length);
        },
      ),
    );
  });

  it('passes over a line above the limit without holding it, and goes on behind it', async () => {
    const source = chunked(['ab\n', 'x'.repeat(6), 'xxxx', 'x\ncd\n']);
    const lines = await Array.fromAsync(readLines(source, 'x', { maxLineBytes: 10 }));
    assert.deepEqual(
      lines.map(({ number, start, end, bytes }) => [number, start, end, bytes.length]),
      [
        [1, 0, 3, 3],
        [2, 3, 15, 0],
        [3, 15, 18, 3],
      ],
    );
  });
});
