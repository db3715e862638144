import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';

import fc from 'fast-check';

import { differences } from './differences.ts';
import type { Difference } from './differences.ts';
import { damage, request, spoil, streamText } from './generation.ts';
import { openNodeParser } from './node-parser.ts';
import type { NodeParser, Verdict } from './node-parser.ts';
import { recordRequests } from './recording.ts';

const requests = fc.array(request, { minLength: 1, maxLength: 3 });
const spoilt = fc.tuple(requests, damage).map(([sent, damages]) => spoil(streamText(sent), damages));

describe('createRequestReader beside the strict parser of node:http', () => {
  let node: NodeParser;
  before(async () => (node = await openNodeParser()));
  after(() => node[Symbol.asyncDispose]());

  it('reads valid requests alike', async () => {
    await fc.assert(
      fc.asyncProperty(requests, async (sent) => {
        const text = streamText(sent);
        assert.deepEqual(gleanerReads(text), await node.read(text));
        assert.equal(gleanerReads(text).requests.length, sent.length);
      }),
      { numRuns: 200 },
    );
  });

  it('frames spoilt requests alike, and refuses alike unless the difference has a name', async () => {
    await fc.assert(
      fc.asyncProperty(spoilt, async (text) => {
        const [ours, theirs] = [gleanerReads(text), await node.read(text)];
        if (!differences.some((known) => differs(known, { text, ours, theirs }))) assertAlike(ours, theirs);
      }),
      { numRuns: 1000 },
    );
  });

  for (const text of edgeCases()) {
    it(`agrees on ${JSON.stringify(text)}`, async () =>
      assertAlike(gleanerReads(text), await node.read(text)));
  }

  for (const difference of differences) {
    it(`differs: ${difference.name}`, async () => {
      const text = difference.example;
      const [ours, theirs] = [gleanerReads(text), await node.read(text)];
      assert.ok(differs(difference, { text, ours, theirs }), JSON.stringify({ ours, theirs }));
    });
  }
});

function gleanerReads(text: string): Verdict {
  const { messages, halt } = recordRequests([text], { maxBodyBytes: Number.MAX_SAFE_INTEGER });
  const whole = messages.filter(({ ended }) => ended);
  return {
    requests: whole.map(({ start, version, fields, body, trailers }) => ({
      start,
      version,
      fields,
      body,
      trailers,
    })),
    ...(halt?.kind === 'problem' && { refused: halt.code ?? '' }),
  };
}

/** The same whole requests; and both refused what came then, or neither did. The codes are not compared. */
function assertAlike(ours: Verdict, theirs: Verdict): void {
  assert.deepEqual(ours.requests, theirs.requests, `${ours.refused} ${theirs.refused}`);
  assert.equal(ours.refused !== undefined, theirs.refused !== undefined, `${ours.refused} ${theirs.refused}`);
}

interface Outcome {
  text: string;
  ours: Verdict;
  theirs: Verdict;
}

/** One side refused what the other read, for this reason; what both read is the same. */
function differs({ by, code, shows }: Difference, { text, ours, theirs }: Outcome): boolean {
  const [refuser, other] = by === 'gleaner' ? [ours, theirs] : [theirs, ours];
  if (refuser.refused !== code) return false;
  const count = refuser.requests.length;
  if (other.requests.length < count || (other.requests.length === count && other.refused !== undefined))
    return false;
  assert.deepEqual(other.requests.slice(0, count), refuser.requests);
  shows.lastIndex = recordRequests([text]).halt?.consumedBytes ?? 0;
  return shows.test(text);
}

function edgeCases(): string[] {
  return [];
}
