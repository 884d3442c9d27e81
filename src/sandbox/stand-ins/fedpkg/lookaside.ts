import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { type Answer, type Ask, NetworkError, openWire } from '../common/http.ts';
import { negotiateToken } from '../krb/negotiate.ts';
import { type Context, Refused } from './settings.ts';

const AGENT = 'PycURL/7.49.0 libcurl/8.23.0 OpenSSL/3.6.5';

/** A file in the lookaside cache. */
export interface SourceFile {
  readonly file: string;
  readonly hash: string;
  /** `sha512`. */
  readonly hashType: string;
}

/** The lookaside client of fedpkg, one per command. */
export interface Lookaside {
  /** Sends the file at `path`, spoken of as `shown`, unless it is there. Whether it was there. */
  upload(repo: string, path: string, shown: string, hash: string): Promise<boolean>;
  download(repo: string, source: SourceFile, path: string): Promise<void>;
  /** Whether the file can be downloaded; any other answer than 200 is a no. */
  has(repo: string, source: SourceFile): Promise<boolean>;
  close(): void;
}

export function openLookaside({ run, settings, say }: Context): Lookaside {
  const wire = openWire();
  let ticket: Promise<string | undefined> | undefined;
  const { lookaside, lookasideCgi, hashType, attempts, delayS } = settings;

  async function ask(request: Omit<Ask, 'signal'>): Promise<Answer> {
    let delay = delayS;
    for (let attempt = 1; ; attempt++) {
      try {
        const headers = { 'User-Agent': AGENT, ...request.headers };
        return await wire.ask({ ...request, headers, signal: run.signal });
      } catch (error) {
        if (!(error instanceof NetworkError)) throw error;
        const text = curlText(error);
        run.warn(`Network error: ${text}`);
        if (attempt >= attempts) throw new Refused(text, { cause: error });
        say(`The operation will be retried in ${delay}s.`);
        await run.sleep(delay);
        delay *= 2;
        say('Retrying ...');
      }
    }
  }

  async function post(fields: readonly Field[]): Promise<Answer> {
    const { type, body } = multipart(fields);
    // curl is told to negotiate: a ticket goes with the first request, and nothing is asked for twice.
    ticket ??= negotiateToken(run, new URL(lookasideCgi).hostname);
    const token = await ticket;
    const headers = { 'Content-Type': type, ...(token === undefined ? {} : { Authorization: token }) };
    const answer = await ask({ method: 'POST', url: lookasideCgi, headers, body });
    if (answer.status === 401) throw new Refused('Dist-git request is unauthorized.');
    if (answer.status === 500) throw new Refused('Error occurs inside the server.');
    if (answer.status !== 200)
      throw new Refused(`Fail to upload files. Server returns status ${answer.status}`);
    return answer;
  }

  const fileUrl = (repo: string, { file, hash, hashType: type }: SourceFile) =>
    `${lookaside}/${repo}/${encodeURIComponent(file)}/${type.toLowerCase()}/${hash}/${encodeURIComponent(file)}`;

  return {
    async upload(repo, path, shown, hash) {
      const file = basename(path);
      const common: readonly Field[] = [
        ['name', repo],
        [`${hashType}sum`, hash],
      ];
      const check = await post([...common, ['filename', file]]);
      const state = check.body.toString().trim();
      if (state === 'Available') {
        say(`File already uploaded: ${shown}`);
        return true;
      }
      if (state !== 'Missing' && state !== 'Required checksum is not present') {
        throw new Refused(`Error checking for ${shown} at ${lookasideCgi}`);
      }
      say(`Uploading: ${shown}`);
      const mtime = Math.floor(statSync(path).mtimeMs / 1000);
      await post([...common, ['file', file, readFileSync(path)], ['mtime', String(mtime)]]);
      return false;
    },
    async download(repo, source, path) {
      const headers = { 'Accept-Encoding': 'identity' };
      const answer = await ask({ method: 'GET', url: fileUrl(repo, source), headers });
      if (answer.status !== 200) {
        say(`Remove downloaded invalid file ${path}`);
        throw new Refused(`Dist-git server returned status code ${answer.status}`);
      }
      writeFileSync(path, answer.body);
      if (hashOf(path, source.hashType) !== source.hash) throw new Refused(`${source.file} failed checksum`);
    },
    async has(repo, source) {
      return (await ask({ method: 'HEAD', url: fileUrl(repo, source) })).status === 200;
    },
    close: () => wire.close(),
  };
}

/** A form field; with content it is a file of that name. */
type Field = readonly [name: string, value: string, content?: Buffer];

function multipart(fields: readonly Field[]): { readonly type: string; readonly body: Buffer } {
  const boundary = `------------------------${randomBytes(11).toString('hex')}`;
  const parts = fields.flatMap(([name, value, content]) => {
    const file =
      content === undefined ? '' : `; filename="${value}"\r\nContent-Type: application/octet-stream`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`;
    return [Buffer.from(head), content ?? Buffer.from(value), Buffer.from('\r\n')];
  });
  const body = Buffer.concat([...parts, Buffer.from(`--${boundary}--\r\n`)]);
  return { type: `multipart/form-data; boundary=${boundary}`, body };
}

/** As pycurl tells it: number and text. */
function curlText({ trouble, url, message }: NetworkError): string {
  switch (trouble) {
    case 'refused': {
      const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
      return `(7, 'Failed to connect to ${url.hostname}:${port} after 0 ms: Could not connect to server')`;
    }
    case 'dropped':
      return "(52, 'Empty reply from server')";
    default:
      return `(28, '${message}')`;
  }
}

export function hashOf(path: string, type: string): string {
  return createHash(type.toLowerCase()).update(readFileSync(path)).digest('hex');
}
