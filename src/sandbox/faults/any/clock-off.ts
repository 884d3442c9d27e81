import { isText } from '../answers.ts';
import type { DeclaredFault } from '../declared.ts';
import { meetsAll, TITLES, type WireSystem } from '../front-end.ts';

const AHEAD_MS = 3_600_000;

/** ISO 8601 with a `T` or a blank; the zone and the fraction behind it stay. */
const STAMP = /(\d{4})-(\d\d)-(\d\d)([T ])(\d\d):(\d\d):(\d\d)/g;

/** Epoch seconds of this age, whole or with a fraction, that are no part of a word or a version. */
const SECONDS = /(?<![\w.\-/])(?:1[5-9]|2[0-4])\d{8}(?!\w)/g;

export function faultOf(system: WireSystem): DeclaredFault {
  return {
    says: `${TITLES[system]} has a clock that is an hour ahead, in its header and in all that it tells.`,
    // Nothing is waited for by the stamps of others: they are kept as they were told.
    outcome: 'passed',
    charge: null,
    hooks: meetsAll(system, {
      alter: (answer) => ({
        ...answer,
        headers: { date: new Date(Date.now() + AHEAD_MS).toUTCString() },
        body: isText(answer) ? ahead(answer.body) : answer.body,
      }),
    }),
  };
}

function ahead(text: string): string {
  return text
    .replace(STAMP, (_, year, month, day, between, hour, minute, second) => {
      const at = Date.UTC(
        Number(year),
        Number(month) - 1,
        Number(day),
        Number(hour),
        Number(minute),
        Number(second),
      );
      return new Date(at + AHEAD_MS).toISOString().slice(0, 19).replace('T', String(between));
    })
    .replace(SECONDS, (seconds) => String(Number(seconds) + AHEAD_MS / 1000));
}
