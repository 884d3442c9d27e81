import { describe, expect, test } from 'vitest';
import { versionsOf } from '../../src/clients/versions.ts';
import { recordedCases, recordedCommand, recordedEnv, whenRun } from '../support/recorded-command.ts';
import { cannedExec } from '../support/step-context.ts';
import { readingOf } from './reading.ts';
import { ONLY_IN_8_1_1, READINGS } from './recorded-readings.ts';

const ALIKE = READINGS['bodhi-26.4.0'] ?? {};
const OLDER = Object.fromEntries(
  recordedCases('bodhi/8.1.1').map((name) => [name, ONLY_IN_8_1_1[name] ?? ALIKE[name] ?? '']),
);
const ROWS = Object.entries({ ...READINGS, 'bodhi-8.1.1': OLDER }).flatMap(([client, readings]) =>
  Object.entries(readings).map(([name, reading]) => [client, name, reading] as const),
);

describe('of what real clients said', () => {
  test.each(ROWS)('%s %s is %s', (client, name, reading) => {
    const path = `${client}-${name}`;
    const idProvider = recordedEnv(path)['BODHI_OPENID_PROVIDER'];
    expect(readingOf({ ...recordedCommand(path), idProvider })).toBe(reading);
  });

  test('nothing is left unread', () => {
    const read = ROWS.map(([client, name]) => `${client}-${name}`);
    expect(read.sort()).toEqual([...recordedCases('')].sort());
  });

  test('a text that nobody knows is charged to nobody, and said to be unknown', () => {
    const unknown = ROWS.filter(([, , reading]) =>
      /^(?:\w+_UNKNOWN_ANSWER|(?:GIT|FEDPKG|KERBEROS)_UNKNOWN) /.test(reading),
    );
    for (const [, , reading] of unknown) expect(reading).toContain(' unexpected own');
  });
});

test.each(['8.1.1', '26.4.0'])('bodhi %s tells its version', async (version) => {
  const exec = cannedExec([whenRun(['--version'], recordedCommand(`bodhi/${version}/version`))]);
  expect(await versionsOf(['bodhi'], exec, new AbortController().signal)).toEqual({ bodhi: version });
});

test('a command of any name is asked for no version that nobody knows of', async () => {
  const asked = ['constructor', '__proto__', 'true'];
  expect(await versionsOf(asked, cannedExec([]), new AbortController().signal)).toEqual({});
});
