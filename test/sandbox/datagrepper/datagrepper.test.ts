import { expect, test } from 'vitest';
import { openDatagrepper } from '../../../src/sandbox/datagrepper/datagrepper.ts';
import { sortBounded } from '../../../src/sandbox/datagrepper/order.ts';
import { testKit } from '../kit/test-kit.ts';

test('what is published is found by topic, package, user and text', async () => {
  await using kit = await testKit();
  await using archive = new AsyncDisposableStack();
  const { url, close } = await openDatagrepper(kit);
  archive.defer(close);
  kit.publish('buildsys.tag', { name: 'bash', version: '5.3', release: '1.fc44', user: 'bodhi', tag: 'f44' });
  kit.publish('ci.koji-build.test.queued', { run: { url: 'https://ci.invalid/1' } });
  const found = async (query: string) => {
    const answer = await fetch(`${url}/v2/search?${query}`, { headers: { accept: 'application/json' } });
    const { raw_messages } = (await answer.json()) as { raw_messages: { topic: string }[] };
    return raw_messages.map(({ topic }) => topic);
  };
  const tag = 'org.fedoraproject.sandbox.buildsys.tag';
  const queued = 'org.centos.sandbox.ci.koji-build.test.queued';
  expect(await found('order=asc')).toEqual([tag, queued]);
  expect(await found(`topic=${tag}`)).toEqual([tag]);
  expect(await found('package=bash')).toEqual([tag]);
  expect(await found('user=bodhi')).toEqual([tag]);
  expect(await found('category=ci&contains=ci.invalid/1')).toEqual([queued]);
  expect(await found('end=2026-11-17T07:00:00Z')).toEqual([]);
});

test('rows of one second come in an order that changes with the size of the page', () => {
  const rows = Array.from({ length: 30 }, (_, at) => ({ at, second: 7 }));
  const bySecond = (a: { second: number }, b: { second: number }) => a.second - b.second;
  const first = (bound: number) =>
    sortBounded(rows, bound, bySecond)
      .slice(0, 10)
      .map(({ at }) => at);
  expect(first(10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 0]);
  expect(first(30)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a message that is delivered twice is archived once', async () => {
  await using kit = await testKit();
  await using archive = new AsyncDisposableStack();
  const { url, close } = await openDatagrepper(kit);
  archive.defer(close);
  kit.faults.set('twice', {
    name: 'twice',
    hooks: {
      publish: (message) => [
        { message, delayMs: 0 },
        { message, delayMs: 0 },
      ],
    },
  });
  kit.publish('buildsys.tag', { name: 'bash' });
  expect(kit.archive).toHaveLength(2);
  const answer = await fetch(`${url}/messagecount`);
  expect(await answer.json()).toEqual({ messagecount: 1 });
});
