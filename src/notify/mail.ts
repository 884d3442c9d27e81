import type { Receiver } from '../core/config.ts';
import { Fault } from '../core/fault.ts';
import type { Channel, IncidentMessage, Notice } from '../core/notice.ts';
import { plainBody } from './body.ts';
import type { ChannelOptions } from './channel-options.ts';
import { noticeId } from './notice-id.ts';
import { oneLine } from './text.ts';

type MailReceiver = Extract<Receiver, { kind: 'mail' }>;

/** Real milliseconds that a server may take to connect, to greet, and to answer one command. */
const PATIENCE_MS = 30_000;

/** Characters. */
const SUBJECT_LIMIT = 200;
const TEXT_LIMIT = 100_000;

/** How many notices are remembered of which only some recipients could be reached. */
const PARTLY_LIMIT = 1000;

/** For people: one plain text mail for each change of an incident; all changes of one make a thread. */
export function mail(name: string, receiver: MailReceiver, options: ChannelOptions): Channel {
  const { host, port } = splitServer(receiver.server);
  const who = `the mail server ${host}`;
  /** Who has a notice already that others wait for; lost with the process, and then they get it twice, under the same Message-ID. */
  const partly = new Map<number, Set<string>>();

  async function transport() {
    // Large, and most services have nobody to write to today.
    const { createTransport } = await import('nodemailer');
    const { user, password } = receiver;
    const auth =
      user === undefined || password === undefined
        ? undefined
        : { user, pass: (await options.secret(password)).replace(/\r?\n$/, '') };
    return createTransport({
      host,
      port,
      secure: port === 465,
      // A password never goes over a wire in the clear, whatever the server offers.
      requireTLS: port !== 465 && (receiver.tls === 'required' || (auth !== undefined && !isLoopback(host))),
      ...(auth === undefined ? {} : { auth, forceAuth: true }),
      connectionTimeout: PATIENCE_MS,
      greetingTimeout: PATIENCE_MS,
      socketTimeout: PATIENCE_MS,
      dnsTimeout: PATIENCE_MS,
      disableFileAccess: true,
      disableUrlAccess: true,
    });
  }

  return {
    carries: ['incident'],
    async send(notice, signal) {
      const { message } = notice;
      if (message.type !== 'incident') return;
      const have = partly.get(notice.notice_id) ?? new Set<string>();
      const to = receiver.to.filter((address) => !have.has(address));
      const refusals = await submit(await transport(), notice, message, to, signal);
      for (const address of to)
        if (!refusals.some(({ recipient }) => recipient === address)) have.add(address);
      if (refusals.some(({ permanent }) => !permanent)) {
        if (partly.size >= PARTLY_LIMIT) partly.clear();
        partly.set(notice.notice_id, have);
        throw laterFault(
          `${who} takes no mail for ${refusals.length} of ${to.length} now`,
          refusals[0]?.words,
        );
      }
      partly.delete(notice.notice_id);
      if (refusals.length === 0) return;
      if (have.size === 0) throw refusedFault(`${who} refused every recipient`, refusals[0]?.words);
      options.log.error(
        { receiver: name, refused: refusals.map(({ recipient, words }) => `${recipient}: ${words}`) },
        'a mail server refuses some recipients of a receiver for good',
      );
    },
  };

  async function submit(
    sender: Awaited<ReturnType<typeof transport>>,
    notice: Notice,
    message: IncidentMessage,
    to: readonly string[],
    signal: AbortSignal,
  ): Promise<readonly Refusal[]> {
    try {
      const sent = await sender.sendMail({
        ...headersOf(notice, message, receiver),
        envelope: { from: receiver.from, to: [...to] },
        text: `${plainBody(message, TEXT_LIMIT)}\n\n-- \npackprobe, incident ${message.incident.incident_id}\n`,
        signal,
      });
      return refusalsOf(sent.rejectedErrors ?? []);
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const { rejectedErrors } = error as MailError;
      if (rejectedErrors !== undefined && rejectedErrors.length > 0) return refusalsOf(rejectedErrors);
      throw faultOf(error as MailError, who);
    } finally {
      sender.close();
    }
  }
}

function headersOf(notice: Notice, message: IncidentMessage, { from, to }: MailReceiver): object {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const id = (state: string) =>
    `<packprobe.${noticeId({ ...notice, state }).replaceAll('/', '.')}@${domain}>`;
  const first = id('opened');
  return {
    from: { name: 'packprobe', address: from },
    to: [...to],
    // What looks like an encoded word would be shown decoded: as something else, with line breaks even.
    subject: `[packprobe] ${oneLine(message.title, SUBJECT_LIMIT).replaceAll('=?', '= ?')}`,
    messageId: id(notice.state),
    // A reply to the first, whether or not that was ever sent to this receiver: mail programs make a thread of them all the same.
    ...(notice.state === 'opened' ? {} : { inReplyTo: first, references: [first] }),
    headers: {
      // RFC 3834, and what older programs and Exchange look at: no answer of an absent person comes back.
      'Auto-Submitted': 'auto-generated',
      Precedence: 'bulk',
      'X-Auto-Response-Suppress': 'All',
      'X-Packprobe-Id': noticeId(notice),
    },
  };
}

/** What nodemailer says of an error, as far as it is asked. */
interface MailError extends Error {
  readonly code?: string;
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly permanent?: boolean;
  readonly recipient?: string;
  readonly rejectedErrors?: readonly MailError[];
}

interface Refusal {
  readonly recipient: string;
  readonly permanent: boolean;
  readonly words: string;
}

function refusalsOf(errors: readonly MailError[]): readonly Refusal[] {
  return errors.map((error) => ({
    recipient: error.recipient ?? '',
    permanent: error.permanent === true,
    words: error.response ?? '',
  }));
}

/** Codes of nodemailer of what no second try mends: it was given no login, or the server knows none of its ways. */
const OURS = new Set(['ENOAUTH', 'ECONFIG']);

/** Nothing of nodemailer's own error is kept as a cause: it can hold the dialogue. */
function faultOf(error: MailError, who: string): Fault {
  const isTls = error.code === 'ETLS';
  // A server that does not know STARTTLS says no for good, but only until somebody has mended its TLS.
  if (error.permanent === true && !isTls) return refusedFault(`${who} refused the mail`, error.response);
  if (error.code !== undefined && OURS.has(error.code))
    return refusedFault(`${who} cannot be logged in to`, error.code);
  if (error.responseCode !== undefined && !isTls)
    return laterFault(`${who} takes no mail now`, error.response);
  const reason = error.originalCode ?? (isTls ? 'TLS failed' : error.code);
  return new Fault(`${who} could not be reached: ${reason ?? 'no connection'}`, {
    code: 'RECEIVER_UNREACHABLE',
    kind: 'unavailable',
    system: 'own',
  });
}

function laterFault(what: string, words: string | undefined): Fault {
  return new Fault(withWords(what, words), { code: 'RECEIVER_BUSY', kind: 'unavailable', system: 'own' });
}

function refusedFault(what: string, words: string | undefined): Fault {
  return new Fault(withWords(what, words), {
    code: 'RECEIVER_REFUSED',
    kind: 'rejected',
    system: 'own',
    hint: 'Look at the addresses, the user and the password of this receiver in packprobe.yaml.',
  });
}

function withWords(what: string, words: string | undefined): string {
  return words === undefined || words === '' ? what : `${what}: ${oneLine(words, 200)}`;
}

/** `HOST:PORT`, `[::1]:PORT`, or a host alone, whose port is that of mail servers. */
function splitServer(server: string): { readonly host: string; readonly port: number } {
  const [, bracketed, host = server, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(server) ?? [];
  return { host: bracketed ?? host, port: port === undefined ? 25 : Number(port) };
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
