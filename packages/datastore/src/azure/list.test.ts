import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inOrder } from './list.ts';
import type { BlobListing, ListedBlob } from './list.ts';

const blob = (path: string): ListedBlob => ({ path, byteLength: path.length, isFolder: false });
const folder = (path: string): ListedBlob => ({ path, byteLength: 0, isFolder: true });

/** Lists as Azure does: by bytes of UTF-8, or depth first and with its folders when the namespace is hierarchical. */
function service(
  names: string[],
  { hierarchical }: { hierarchical: boolean },
): BlobListing & { levels: number } {
  const folders = new Set(names.flatMap((name) => foldersAbove(name)));
  const entries = [...names.map(blob), ...(hierarchical ? [...folders].map(folder) : [])];
  // A slash sorts below every other character there.
  const key = ({ path }: ListedBlob) => Buffer.from(hierarchical ? path.replaceAll('/', '\0') : path);
  entries.sort((one, other) => Buffer.compare(key(one), key(other)));
  const listing = {
    levels: 0,
    async *all(prefix: string) {
      yield* entries.filter(({ path }) => path.startsWith(prefix));
    },
    async *level(prefix: string) {
      listing.levels += 1;
      const seen = new Set<string>();
      for (const entry of entries.filter(({ path }) => path.startsWith(prefix))) {
        const rest = entry.path.slice(prefix.length);
        const slash = rest.indexOf('/');
        if (slash < 0) yield entry;
        else if (!seen.has(rest.slice(0, slash))) {
          seen.add(rest.slice(0, slash));
          yield folder(`${prefix}${rest.slice(0, slash + 1)}`);
        }
      }
    },
  };
  return listing;
}

function foldersAbove(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}

const names = [
  'A.C',
  'A-B/dat2',
  'A/dat1',
  'A/b-c',
  'A/b/x',
  'AB',
  'AB/AB-1',
  'B/\uff5e',
  'B/\u{1f600}',
  'B/\u{1f600}/deep',
  'B/plain',
  '\uffe5/1',
  '\u{10000}/2',
];

describe('inOrder', () => {
  for (const hierarchical of [false, true]) {
    it(`gives the order of code units, ${hierarchical ? 'with' : 'without'} a hierarchical namespace`, async () => {
      const present = hierarchical ? names.filter((name) => !['AB', 'B/\u{1f600}'].includes(name)) : names;
      for (const prefix of ['', 'A', 'A/', 'A/b', 'AB/', 'B/', 'B/\u{1f600}', 'none']) {
        const listed = await Array.fromAsync(inOrder(service(present, { hierarchical }), prefix));
        assert.deepEqual(
          listed.map(({ path }) => path),
          present.filter((name) => name.startsWith(prefix)).sort(),
          `prefix ${prefix}`,
        );
      }
    });
  }

  it('gives every object once when folders come late', async () => {
    const many = ['1.jsonl', '2.jsonl', 'z.jsonl', 'n/1', 'n/2', 'n-1'];
    const listed = await Array.fromAsync(inOrder(service(many, { hierarchical: true }), ''));
    assert.deepEqual(
      listed.map(({ path }) => path),
      many.toSorted(),
    );
  });

  it('asks for no levels where there are no folders', async () => {
    const flat = service(names, { hierarchical: false });
    await Array.fromAsync(inOrder(flat, ''));
    assert.equal(flat.levels, 0);
  });
});
