import { expect, test } from 'vitest';
import { freshDir, start } from '../support/packprobe.ts';

test('a SIGHUP that comes while serve starts, or waits for another to leave, does not end it', async () => {
  using place = freshDir();
  const args = ['serve', '--env', 'sandbox', '--listen', '127.0.0.1:0', '--data', place.dir];
  const first = start(args);
  await first.said(/^starting a sandbox/);
  first.child.kill('SIGHUP');
  await first.said(/^serving sandbox: /);
  const second = start(args);
  await second.said(/this one waits/);
  second.child.kill('SIGHUP');
  first.child.kill('SIGTERM');
  expect(await first.ended).toMatchObject({ code: 0 });
  await second.said(/^serving sandbox: /);
  second.child.kill('SIGTERM');
  expect(await second.ended).toMatchObject({ code: 0 });
});
