/** Head of one part of a form. */
export interface PartHead {
  readonly name: string;
  /** Undefined for an ordinary field. */
  readonly filename: string | undefined;
}

const LONGEST_HEAD = 64 * 1024;

/**
 * Reads `multipart/form-data` as it comes, however large: `open` is called for each part and gives what takes its bytes. Rejects with an `Error` where
 * the form breaks off or is none.
 */
export async function readMultipart(
  source: AsyncIterable<Buffer>,
  boundary: string,
  open: (head: PartHead) => (chunk: Buffer) => Promise<void> | void,
): Promise<void> {
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  // The first delimiter may stand at the very beginning, without a line end before it.
  let rest: Buffer = Buffer.from('\r\n');
  let take: (chunk: Buffer) => Promise<void> | void = () => undefined;
  let state: 'content' | 'head' | 'ended' = 'content';

  for await (const chunk of source) {
    if (state === 'ended') continue;
    rest = Buffer.concat([rest, chunk]);
    for (let enough = true; enough && state !== 'ended'; ) {
      if (state === 'content') {
        const at = rest.indexOf(delimiter);
        const end = at < 0 ? Math.max(0, rest.length - delimiter.length + 1) : at;
        if (end > 0) await take(rest.subarray(0, end));
        rest = rest.subarray(at < 0 ? end : at + delimiter.length);
        if (at < 0) enough = false;
        else state = 'head';
      } else if (rest.length < 2) {
        enough = false;
      } else if (rest.subarray(0, 2).toString() === '--') {
        state = 'ended';
      } else {
        const end = rest.indexOf('\r\n\r\n');
        if (end >= 0) {
          take = open(readHead(rest.subarray(0, end).toString()));
          rest = rest.subarray(end + 4);
          // An empty part: its delimiter begins with the line end that closed the head.
          state = 'content';
        } else {
          if (rest.length > LONGEST_HEAD) throw new Error('the head of a part is too long');
          enough = false;
        }
      }
    }
  }
  if (state !== 'ended') throw new Error('the form ended before its last boundary');
}

function readHead(text: string): PartHead {
  const disposition = /^content-disposition:(.*)$/im.exec(text)?.[1] ?? '';
  const value = (key: string) =>
    new RegExp(`;\\s*${key}="((?:[^"\\\\]|\\\\.)*)"`, 'i').exec(disposition)?.[1];
  const filename = value('filename');
  return {
    name: unquoted(value('name') ?? ''),
    filename: filename === undefined ? undefined : unquoted(filename),
  };
}

function unquoted(text: string): string {
  return text.replace(/\\(.)/g, '$1').replaceAll('%22', '"');
}
