import { createHmac } from 'node:crypto';
import type { Receiver } from '../core/config.ts';
import type { Channel } from '../core/notice.ts';
import { type ChannelOptions, readAddress, readToken } from './channel-options.ts';
import { envelope, SCHEMA_VERSION } from './envelope.ts';
import { type Exchange, exchange, judgeStatus, splitLogin } from './exchange.ts';
import { noticeId } from './notice-id.ts';

/** For machines: one POST of JSON for each message. The other side tells repeats by `X-Packprobe-Id`, and us by the signature. */
export function webhook(
  name: string,
  receiver: Extract<Receiver, { kind: 'webhook' }>,
  options: ChannelOptions,
): Channel {
  const { http, clock } = options;
  // Of an address that is a secret not even the host is told.
  const host =
    typeof receiver.url === 'string' ? ` at ${new URL(receiver.url).host}` : ` of receiver ${name}`;
  const other: Exchange = { http, clock, who: `the webhook${host}` };
  const key = (which: string) => `receivers.${name}.${which}`;

  return {
    carries: receiver.runs ? ['incident', 'run', 'step'] : ['incident'],
    async send(notice, signal) {
      const { url, authorization } = splitLogin(await readAddress(options, receiver.url, key('url')));
      const body = envelope(notice);
      const timestamp = String(Math.floor(clock.now() / 1000));
      const headers: Record<string, string> = {
        'content-type': 'application/json',
        'x-packprobe-id': noticeId(notice),
        'x-packprobe-schema': String(SCHEMA_VERSION),
        'x-packprobe-timestamp': timestamp,
      };
      if (authorization !== undefined) headers['authorization'] = authorization;
      if (receiver.token !== undefined) {
        headers['authorization'] = `Bearer ${await readToken(options, receiver.token, key('token'))}`;
      }
      if (receiver.signature !== undefined) {
        const secret = await readToken(options, receiver.signature, key('signature'));
        headers['x-packprobe-signature'] = sign(secret, `${timestamp}.${body}`);
      }
      judgeStatus(other, await exchange(other, { method: 'POST', url, headers, body }, signal));
    },
  };
}

function sign(key: string, text: string): string {
  return `sha256=${createHmac('sha256', key).update(text, 'utf8').digest('hex')}`;
}
