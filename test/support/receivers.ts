import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A request as a receiver got it. */
export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly received: readonly Received[];
}

/** An HTTP server on loopback; `undefined` for an answer: none, ever. */
export async function httpReceiver(answer: (request: Received) => Answer | undefined): Promise<HttpReceiver> {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const whole: Received = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString('utf8'),
      };
      received.push(whole);
      const { status, headers = {}, body = '' } = answer(whole) ?? { status: 0 };
      if (status !== 0) response.writeHead(status, headers).end(body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

export interface MatrixEvent {
  readonly event_id: string;
  readonly room_id: string;
  readonly content: Record<string, unknown>;
}

export interface Homeserver extends AsyncDisposable {
  readonly url: string;
  readonly events: readonly MatrixEvent[];
  /** How many requests to send were answered, repeats of a transaction among them. */
  readonly sends: number;
  /** The next sends are refused for being too many. */
  limit(times: number): void;
}

/** The client API of a Matrix homeserver as far as a bot needs it: one account, one room with an alias, transactions. */
export async function homeserver(account: {
  readonly token: string;
  readonly room: string;
  readonly alias: string;
}): Promise<Homeserver> {
  const events: MatrixEvent[] = [];
  const transactions = new Map<string, string>();
  let sends = 0;
  let limited = 0;
  const json = (status: number, body: object): Answer => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  function send(room: string, transaction: string, content: string): Answer {
    sends += 1;
    if (limited > 0) {
      limited -= 1;
      return json(429, { errcode: 'M_LIMIT_EXCEEDED', error: 'Too Many Requests', retry_after_ms: 300 });
    }
    if (room !== account.room) {
      return json(403, { errcode: 'M_FORBIDDEN', error: `User not in room ${room}` });
    }
    if (Buffer.byteLength(content) > 65_000)
      return json(413, { errcode: 'M_TOO_LARGE', error: 'event too large' });
    const known = transactions.get(transaction);
    if (known !== undefined) return json(200, { event_id: known });
    const event_id = `$${events.length + 1}`;
    transactions.set(transaction, event_id);
    events.push({ event_id, room_id: room, content: JSON.parse(content) as Record<string, unknown> });
    return json(200, { event_id });
  }

  const receiver = await httpReceiver(({ method, path, headers, body }) => {
    if (headers.authorization !== `Bearer ${account.token}`) {
      return json(401, { errcode: 'M_UNKNOWN_TOKEN', error: 'Unrecognised access token' });
    }
    const parts = path.replace('/_matrix/client/v3/', '').split('/').map(decodeURIComponent);
    if (method === 'GET' && path.endsWith('/account/whoami'))
      return json(200, { user_id: '@packprobe:test' });
    if (method === 'GET' && parts[0] === 'directory') {
      return parts[2] === account.alias
        ? json(200, { room_id: account.room, servers: ['test'] })
        : json(404, { errcode: 'M_NOT_FOUND', error: `Room alias ${parts[2]} not found` });
    }
    if (method === 'PUT' && parts[0] === 'rooms' && parts[3] === 'm.room.message') {
      return send(parts[1] ?? '', parts[4] ?? '', body);
    }
    return json(404, { errcode: 'M_UNRECOGNIZED', error: 'Unrecognized request' });
  });
  return {
    url: receiver.url,
    events,
    get sends() {
      return sends;
    },
    limit(times) {
      limited = times;
    },
    [Symbol.asyncDispose]: () => receiver[Symbol.asyncDispose](),
  };
}

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly secure: boolean;
  /** Unfolded header lines by lower-case name. */
  readonly headers: ReadonlyMap<string, string>;
  readonly headerLines: readonly string[];
  /** As it came, and as a mail program would show it. */
  readonly raw: string;
  readonly text: string;
}

export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly received: readonly ReceivedMail[];
}

/** An SMTP server on loopback that keeps what it takes. */
export async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const received: ReceivedMail[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    hideSTARTTLS: true,
    closeTimeout: 100,
    ...options,
    onData(stream, session, callback) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        received.push({
          from: mailFrom === false ? '' : (mailFrom?.address ?? ''),
          to: rcptTo.map(({ address }) => address),
          user: session.user === undefined ? undefined : String(session.user),
          secure: session.secure,
          ...parseMail(Buffer.concat(chunks).toString('latin1')),
        });
        callback();
      });
    },
  });
  // A client that does not trust our certificate is no failure of the server.
  server.on('error', () => {});
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    received,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}

function parseMail(raw: string): Pick<ReceivedMail, 'headers' | 'headerLines' | 'raw' | 'text'> {
  const split = raw.indexOf('\r\n\r\n');
  const head = raw.slice(0, split);
  const headerLines = head.split('\r\n');
  const headers = new Map(
    head
      .replace(/\r\n[ \t]+/g, ' ')
      .split('\r\n')
      .map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
  );
  const body = raw.slice(split + 4);
  const coded = headers.get('content-transfer-encoding');
  const bytes =
    coded === 'base64'
      ? Buffer.from(body, 'base64')
      : Buffer.from(coded === 'quoted-printable' ? unquote(body) : body, 'latin1');
  return { headers, headerLines, raw, text: bytes.toString('utf8').replace(/\r\n/g, '\n') };
}

function unquote(text: string): string {
  return text
    .replace(/=\r\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Encoded words of a header as text. */
export function decodeHeader(value: string): string {
  return value
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(/=\?utf-8\?([QB])\?([^?]*)\?=/gi, (_, how: string, text: string) =>
      how.toUpperCase() === 'B'
        ? Buffer.from(text, 'base64').toString('utf8')
        : Buffer.from(unquote(text.replaceAll('_', ' ')), 'latin1').toString('utf8'),
    );
}

/** A certificate of 127.0.0.1 and localhost that signs itself; PEM. */
export function selfSigned(): { readonly key: string; readonly cert: string } {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-cert-'));
  try {
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
    execFileSync('openssl', [...made, ...names, '-days', '2', '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export interface Alertmanager extends AsyncDisposable {
  readonly url: string;
  alerts(): Promise<readonly AlertmanagerAlert[]>;
}

export interface AlertmanagerAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly status: { readonly state: string };
}

/** The real one, alone, with an address that it tells of every change (`webhook`, as Alertmanager's own receivers are told). */
export async function alertmanager({ webhook }: { readonly webhook: string }): Promise<Alertmanager> {
  const dir = mkdtempSync(join(tmpdir(), 'packprobe-alertmanager-'));
  const config = {
    route: {
      receiver: 'test',
      group_by: ['...'],
      group_wait: '0s',
      group_interval: '1s',
      repeat_interval: '1h',
    },
    receivers: [{ name: 'test', webhook_configs: [{ url: webhook, send_resolved: true }] }],
  };
  // JSON is YAML.
  writeFileSync(join(dir, 'alertmanager.yml'), JSON.stringify(config));
  const port = await freePort();
  const child = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${join(dir, 'alertmanager.yml')}`,
      `--storage.path=${join(dir, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  while (child.exitCode === null) {
    const ready = await fetch(`${url}/-/ready`).catch(() => undefined);
    if (ready?.ok === true) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url,
    alerts: async () => (await (await fetch(`${url}/api/v2/alerts`)).json()) as readonly AlertmanagerAlert[],
    async [Symbol.asyncDispose]() {
      child.kill();
      await ended;
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** One that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createTcpServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
