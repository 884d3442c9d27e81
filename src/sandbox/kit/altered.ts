import type { ServerResponse } from 'node:http';
import type { Interference } from './kit.ts';

const TEXT = /^(text|application\/(json|xml))/;

/** What becomes of an answer: another one, or half of it and then the end of the connection. */
type Alter = NonNullable<Interference['alter']> | 'cut';

/** Holds an answer back until it is whole, and lets it go as `alter` wants it, whoever writes it. */
export function alterAnswer(raw: ServerResponse, alter: Alter): void {
  const parts: Buffer[] = [];
  const writeHead = raw.writeHead.bind(raw);
  const write = raw.write.bind(raw);
  const end = raw.end.bind(raw);

  raw.writeHead = ((status: number, ...more: unknown[]) => {
    raw.statusCode = status;
    const headers = more.findLast((one) => typeof one === 'object' && one !== null) ?? {};
    for (const [name, value] of Object.entries(headers)) raw.setHeader(name, value as string);
    return raw;
  }) as typeof raw.writeHead;
  raw.write = ((chunk: Buffer | string, ...more: unknown[]) => {
    parts.push(Buffer.from(chunk as string));
    (more.findLast((one) => typeof one === 'function') as (() => void) | undefined)?.();
    return true;
  }) as typeof raw.write;
  raw.end = ((chunk?: unknown) => {
    if (typeof chunk === 'string' || Buffer.isBuffer(chunk)) parts.push(Buffer.from(chunk as string));
    raw.writeHead = writeHead;
    raw.write = write;
    raw.end = end;
    release(raw, Buffer.concat(parts), alter);
    return raw;
  }) as typeof raw.end;
}

function release(raw: ServerResponse, bytes: Buffer, alter: Alter): void {
  raw.removeHeader('transfer-encoding');
  if (alter === 'cut') {
    raw.setHeader('content-length', Math.max(bytes.length, 1));
    raw.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => raw.socket?.destroy());
    raw.flushHeaders();
    return;
  }
  const contentType = String(raw.getHeader('content-type') ?? '');
  // Latin 1 keeps every byte of what is no text: a pack of git, a tarball.
  const encoding = TEXT.test(contentType) ? 'utf8' : 'latin1';
  const told = alter({ status: raw.statusCode, contentType, body: bytes.toString(encoding) });
  const altered = Buffer.from(told.body, encoding);
  raw.statusCode = told.status;
  if (told.contentType !== '') raw.setHeader('content-type', told.contentType);
  for (const [name, value] of Object.entries(told.headers ?? {})) raw.setHeader(name, value);
  raw.setHeader('content-length', altered.length);
  raw.end(altered);
}
