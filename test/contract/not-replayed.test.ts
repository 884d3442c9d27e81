import { existsSync, readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { countExchanges, requestLines } from './exchanges.ts';
import { NOT_REPLAYED } from './not-replayed.ts';

const FOLDER = new URL('../fixtures/recorded/', import.meta.url);

function share(counts: ReturnType<typeof countExchanges>): number {
  const sum = (key: 'exchanges' | 'notReplayed') => counts.reduce((total, count) => total + count[key], 0);
  return sum('notReplayed') / sum('exchanges');
}

test('every entry of what is not played names a recording and lines of it that hold a request', () => {
  const wrong = NOT_REPLAYED.filter(({ file, lines = [] }) => {
    if (!existsSync(new URL(file, FOLDER))) return true;
    const known = requestLines(file);
    return lines.some((line) => !known.includes(line));
  });
  expect(wrong).toEqual([]);
});

test('what belongs to a system that the sandbox has not stands in the list, file by file', () => {
  const files = readdirSync(FOLDER, { recursive: true })
    .map(String)
    .filter((name) => name.endsWith('.jsonl'));
  const listed = new Set(NOT_REPLAYED.filter(({ lines }) => lines === undefined).map(({ file }) => file));
  const foreign = files.filter((file) => /^(pagure\/|messaging\/amqp-|koji\/world-setup)/.test(file));
  expect(foreign.toSorted()).toEqual([...listed].toSorted());
});

test('no line is listed twice, and every entry has its reason', () => {
  const seen = NOT_REPLAYED.flatMap(({ file, lines }) => (lines ?? ['all']).map((line) => `${file} ${line}`));
  expect(new Set(seen).size).toBe(seen.length);
  expect(NOT_REPLAYED.filter(({ reason }) => reason.length < 20)).toEqual([]);
});

test('less than a tenth of the exchanges of the first workflow is not played', () => {
  const counts = countExchanges();
  expect(counts.length).toBeGreaterThan(40);
  expect(share(counts)).toBeLessThan(0.1);
});

test('of Koji and Datagrepper less than a twenty-fifth is not played', () => {
  expect(share(countExchanges().filter(({ file }) => /^(koji|datagrepper)\//.test(file)))).toBeLessThan(0.04);
});
