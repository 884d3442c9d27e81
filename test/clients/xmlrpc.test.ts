import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAnswer, encodeCall, NotXmlRpc, named, type XmlRpcValue } from '../../src/clients/xmlrpc.ts';
import { readCall, responseOf } from '../support/fake-hub.ts';

const raw = (name: string) =>
  readFileSync(fileURLToPath(new URL(`../fixtures/recorded/koji/raw-${name}.xml`, import.meta.url)), 'utf8');

describe('answers of the real hub', () => {
  test('a fault has its code and text', () => {
    expect(decodeAnswer(raw('fault-response'))).toEqual({
      fault: { code: 1000, text: "No such tagInfo: 'f99'" },
    });
  });

  test('a struct has its members', () => {
    expect(decodeAnswer(raw('struct-response'))).toMatchObject({
      value: { name: 'rawhide', dest_tag: 7, dest_tag_name: 'f44-updates-candidate' },
    });
  });

  test('a multicall has values, nil and faults side by side', () => {
    const answer = decodeAnswer(raw('multicall-response'));
    expect(answer).toMatchObject({
      value: [
        [1],
        [null],
        [{ nvr: 'world-2-1.fc44', completion_ts: 1795259124.500433, draft: false }],
        { faultCode: 1000, faultString: "No such tagInfo: 'f99'" },
      ],
    });
  });
});

test('a call asks what the real client asks', () => {
  const own = encodeCall('getBuildTarget', ['rawhide', named({ strict: true })]);
  expect(readCall(own)).toEqual(readCall(raw('struct-request')));
});

test('every value survives the wire', () => {
  const value: fc.Arbitrary<XmlRpcValue> = fc.letrec<{ value: XmlRpcValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.integer({ min: 2 ** 31, max: 2 ** 40 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      fc.stringMatching(/^[ -~äß€\n]*$/),
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.stringMatching(/^[a-z_.]{1,8}$/), tie('value'), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(value, (given) => {
      const read = decodeAnswer(responseOf(given));
      expect(JSON.stringify(read)).toBe(JSON.stringify({ value: given }));
    }),
  );
});

test('more entities than a careful XML parser expands are read', () => {
  const text = 'a & b < c > d '.repeat(3000);
  expect(decodeAnswer(responseOf([text]))).toEqual({ value: [text] });
});

test.each([
  ['a page of a proxy', '<html><body><h1>503</h1></body></html>'],
  ['a page that is no XML', '<html><p>gone</html>'],
  ['a cut-off answer', raw('struct-response').slice(0, 300)],
  ['nothing', ''],
  ['another XML', '<?xml version="1.0"?><rss/>'],
])('%s is not taken for an answer', (_what, text) => {
  expect(() => decodeAnswer(text)).toThrow(NotXmlRpc);
});
