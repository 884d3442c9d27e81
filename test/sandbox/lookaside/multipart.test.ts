import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PartHead, readMultipart } from '../../../src/sandbox/lookaside/multipart.ts';

async function parts(chunks: readonly Buffer[], boundary: string): Promise<[PartHead, string][]> {
  const read: [PartHead, Buffer[]][] = [];
  async function* source() {
    yield* chunks;
  }
  await readMultipart(source(), boundary, (head) => {
    const content: Buffer[] = [];
    read.push([head, content]);
    return (chunk) => void content.push(Buffer.from(chunk));
  });
  return read.map(([head, content]) => [head, Buffer.concat(content).toString('latin1')]);
}

test('a form is read alike however it is cut into pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.stringMatching(/^[a-z]{1,5}$/),
          fc.string({ unit: fc.constantFrom('\r', '\n', '-', 'b', 'x') }),
        ),
        {
          maxLength: 4,
        },
      ),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 20 }),
      async (fields, sizes) => {
        const boundary = 'Boundary7';
        const body = Buffer.from(
          `${fields.map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`).join('')}--${boundary}--\r\n`,
        );
        const chunks: Buffer[] = [];
        for (let at = 0, turn = 0; at < body.length; turn++) {
          const size = sizes[turn % sizes.length]!;
          chunks.push(body.subarray(at, at + size));
          at += size;
        }
        expect(await parts(chunks, boundary)).toEqual(
          fields.map(([name, value]) => [{ name, filename: undefined }, value]),
        );
      },
    ),
  );
});

test('a form that breaks off is an error, not a short file', async () => {
  const body = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.tar.gz"\r\n\r\nhalf';
  await expect(parts([Buffer.from(body)], 'b')).rejects.toThrow('the form ended before its last boundary');
});
