import type { Receiver } from '../core/config.ts';
import { Fault } from '../core/fault.ts';
import type { Channel } from '../core/notice.ts';
import type { ChannelOptions } from './channel-options.ts';
import { envelope } from './envelope.ts';
import { oneLine } from './text.ts';

/** Real milliseconds. */
const LIMIT_MS = 60_000;

/** `EX_TEMPFAIL` of sysexits.h: the word of mail filters for "later". */
const LATER = 75;

/** A program of the operator's: the message, as webhooks get it, is its standard input. Exit 0: taken; 75: again later; all else: given up. */
export function command(
  name: string,
  receiver: Extract<Receiver, { kind: 'command' }>,
  { exec }: ChannelOptions,
): Channel {
  const [file = '', ...args] = receiver.command;
  return {
    carries: receiver.runs ? ['incident', 'run', 'step'] : ['incident'],
    async send(notice, signal) {
      const ran = await exec({ file, args, input: `${envelope(notice)}\n`, limitMs: LIMIT_MS }, signal);
      if (ran.exit === 0) return;
      const ended =
        ran.exit === undefined ? `was ended by ${ran.signal}` : `ended with exit code ${ran.exit}`;
      const words = oneLine(lastLine(ran.stderr), 200);
      const message = `the command of receiver ${name} ${ended}${words === '' ? '' : ` (${words})`}`;
      // What somebody else ended had no chance to say no.
      if (ran.exit === LATER || ran.exit === undefined) {
        throw new Fault(message, { code: 'RECEIVER_BUSY', kind: 'unavailable', system: 'own' });
      }
      throw new Fault(message, {
        code: 'RECEIVER_REFUSED',
        kind: 'rejected',
        system: 'own',
        evidence: { exit: ran.exit },
        hint: `Try ${file} by hand with a message as its standard input; exit code ${LATER} means "again later".`,
      });
    },
  };
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? '';
}
