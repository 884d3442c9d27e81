import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { NOT_REPLAYED } from '../../contract/not-replayed.ts';
import { casesOf, PLAYED } from './replay.ts';

const ALL = readdirSync(new URL('../../fixtures/recorded/clients/', import.meta.url));
const LISTED = NOT_REPLAYED.filter(({ file }) => file.startsWith('clients/'));

test('every recorded command is played against the stand-ins, or stands on the list with its reason', () => {
  const played = PLAYED.flatMap((start) => casesOf(start).map((name) => `${start}-${name}.json`));
  const listed = LISTED.map(({ file }) => file.slice('clients/'.length));
  expect([...played, ...listed].sort()).toEqual([...ALL].sort());
});

test('not one in twenty of the recorded commands is on the list', () => {
  expect(LISTED.length / ALL.length).toBeLessThan(0.05);
});
