import { expect, test } from 'vitest';
import { draw } from '../../../src/sandbox/kit/draw.ts';
import type { Kit } from '../../../src/sandbox/kit/kit.ts';
import { buildsOfHour, poisson } from '../../../src/sandbox/weather/day.ts';
import { inventOthers } from '../../../src/sandbox/weather/others.ts';

const HOUR_MS = 3_600_000;
const SUNDAY = Date.UTC(2026, 10, 15);
const kit = { draw: (point: string, subject: string) => draw('1', point, subject) } as Kit;

function buildsOf(day: number, from: number, to: number): number {
  let sum = 0;
  for (let week = 0; week < 10; week++) {
    for (let hour = from; hour < to; hour++) {
      sum += buildsOfHour(kit, SUNDAY + ((week * 7 + day) * 24 + hour) * HOUR_MS, 200);
    }
  }
  return sum / 10;
}

test('people begin something every other weekday, in their working hours, and less on Sundays', () => {
  expect(buildsOf(2, 0, 24)).toBeGreaterThan(75);
  expect(buildsOf(2, 0, 24)).toBeLessThan(110);
  expect(buildsOf(2, 8, 18)).toBeGreaterThan(0.55 * buildsOf(2, 0, 24));
  expect(buildsOf(0, 0, 24)).toBeLessThan(0.5 * buildsOf(2, 0, 24));
});

test.each([0, 0.3, 4, 120])('counts with the mean %d have that mean', (mean) => {
  const counts = Array.from({ length: 2000 }, (_, i) => poisson(mean, (i + 0.5) / 2000));
  expect(counts.reduce((sum, count) => sum + count, 0) / counts.length).toBeCloseTo(mean, mean > 50 ? 0 : 1);
});

test('the same seed invents the same people and packages, another seed others', () => {
  const [one, again, other] = [inventOthers(40, 'a'), inventOthers(40, 'a'), inventOthers(40, 'b')];
  expect([...again.packages]).toEqual([...one.packages]);
  expect(again.people).toEqual(one.people);
  expect(other.people).not.toEqual(one.people);
  expect(new Set(one.people).size).toBe(40);
  expect(one.packages.size).toBeGreaterThan(80);
});

test('more people are the same people and some more', () => {
  expect(inventOthers(20, 'a').people).toEqual(inventOthers(40, 'a').people.slice(0, 20));
});
