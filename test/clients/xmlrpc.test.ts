import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPlainAnswer } from '../../src/clients/plain-xmlrpc.ts';
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

const anyValue: fc.Arbitrary<XmlRpcValue> = fc.letrec<{ value: XmlRpcValue }>((tie) => ({
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

test('every value survives the wire', () => {
  fc.assert(
    fc.property(anyValue, (given) => {
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

describe('an answer without the parser of the library', () => {
  /** A comment is not plain, and changes nothing. */
  const withComment = (text: string) => text.replace('<methodResponse>', '<methodResponse><!-- -->');

  const outcome = (text: string) => {
    try {
      return JSON.stringify(decodeAnswer(text));
    } catch (error) {
      return error instanceof Error ? 'refused' : 'thrown otherwise';
    }
  };

  test.each(['fault-response', 'struct-response', 'multicall-response'])(
    'is read of the real hub: %s',
    (name) => {
      expect(readPlainAnswer(raw(name))).toBeDefined();
      expect(readPlainAnswer(withComment(raw(name)))).toBeUndefined();
      expect(decodeAnswer(raw(name))).toEqual(decodeAnswer(withComment(raw(name))));
    },
  );

  test.each([
    ['of another type', '<value><base64>YQ==</base64></value>'],
    ['with an attribute', '<value a="b">x</value>'],
    ['with text beside the type', '<value>x<int>1</int></value>'],
    ['with a lonely ampersand', '<value>a & b</value>'],
    ['with carriage returns', '<value>a\r\nb</value>'],
    ['in CDATA', '<value><![CDATA[<x>]]></value>'],
    ['that is no number', '<value><int>x</int></value>'],
    [
      'with a name that objects have',
      '<value><struct><member><name>__proto__</name><value>x</value></member></struct></value>',
    ],
  ])('is not tried of a value %s', (_, value) => {
    const text = `<methodResponse><params><param>${value}</param></params></methodResponse>`;
    expect(readPlainAnswer(text)).toBeUndefined();
  });

  test('is the same as with it, however the text was broken', () => {
    const pieces = [
      '',
      '<',
      '>',
      '&',
      '&amp;',
      '&#9;',
      ' ',
      '\n',
      'x',
      '/',
      '<value>',
      '</value>',
      '<nil/>',
      '<int>',
      '<data/>',
    ];
    fc.assert(
      fc.property(
        anyValue,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 9 }), fc.constantFrom(...pieces)), { maxLength: 3 }),
        (value, breaks) => {
          let text = responseOf(value);
          for (const [where, length, piece] of breaks) {
            const at = where % (text.length + 1);
            text = `${text.slice(0, at)}${piece}${text.slice(at + length)}`;
          }
          expect(outcome(text)).toBe(outcome(withComment(text)));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
