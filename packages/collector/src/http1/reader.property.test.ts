import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { cutAt, cuts, damage, request, response, spoil, streamText } from './generation.ts';
import { recordRequests, recordResponses } from './recording.ts';
import type { Recording } from './recording.ts';

const requests = fc.array(request, { minLength: 1, maxLength: 3 });
const responses = fc.array(response, { minLength: 1, maxLength: 3 });
const gets = ['GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'GET', 'GET'];

const sides = [
  { side: 'createRequestReader', messages: requests, record: recordRequests },
  {
    side: 'createResponseReader',
    messages: responses,
    record: (pieces: Iterable<string>, options?: Parameters<typeof recordRequests>[1]): Recording =>
      recordResponses(pieces, gets, options),
  },
];

for (const { side, messages, record } of sides) {
  const spoilt = fc.tuple(messages, damage).map(([sent, damages]) => spoil(streamText(sent), damages));

  describe(side, () => {
    it('tells what was sent, wherever the bytes are cut', () => {
      fc.assert(
        fc.property(messages, cuts, (sent, shares) => {
          const text = streamText(sent);
          const expected = { messages: sent.map(({ message }) => message) };
          assert.deepEqual(record([text]), expected);
          assert.deepEqual(record(cutAt(text, shares)), expected);
          assert.deepEqual(record(text.split('')), expected);
        }),
      );
    });

    it('cut in two at every place, tells the same', () => {
      fc.assert(
        fc.property(messages, (sent) => {
          const text = streamText(sent);
          const expected = record([text]);
          for (let at = 1; at < text.length; at += 1) {
            assert.deepEqual(record([text.slice(0, at), text.slice(at)]), expected);
          }
        }),
        { numRuns: 10 },
      );
    });

    it('meets spoilt messages the same way wherever the bytes are cut, and stays within its limits', () => {
      const limits = {
        maxHeadBytes: 120,
        maxFields: 6,
        maxChunkLineBytes: 20,
        maxTrailerBytes: 60,
        maxBodyBytes: 50,
      };
      fc.assert(
        fc.property(spoilt, cuts, fc.boolean(), (text, shares, lenient) => {
          for (const options of [{ lenient }, { ...limits, lenient }]) {
            const whole = record([text], options);
            assert.deepEqual(record(cutAt(text, shares), options), whole);
            assert.deepEqual(record(text.split(''), options), whole);
          }
          for (const { body, fields, trailers } of record([text], limits).messages) {
            assert.ok(body.length <= limits.maxBodyBytes);
            assert.ok(fields.length <= limits.maxFields && trailers.length <= limits.maxFields);
            assert.ok(fields.join('\r\n').length <= limits.maxHeadBytes);
            assert.ok(trailers.join('\r\n').length <= limits.maxTrailerBytes);
          }
        }),
        { numRuns: 500 },
      );
    });
  });
}
