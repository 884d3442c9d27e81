import { describe, expect, test } from 'vitest';
import { Fault } from '../../src/core/fault.ts';
import type { CommandResult, Exec, Http } from '../../src/core/ports.ts';
import { meteredExec, meteredHttp, meteredLogger } from '../../src/telemetry/metered.ts';
import { openTelemetry } from '../../src/telemetry/telemetry.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { silentLogger, testEnvironment } from '../support/step-context.ts';

const signal = new AbortController().signal;

function meter() {
  const telemetry = openTelemetry();
  const clock = new FakeClock();
  const options = { environment: testEnvironment(), telemetry, clock };
  const requests = () =>
    telemetry
      .counted()
      .filter(({ metric }) => metric === 'packprobe_requests_total')
      .map(({ labels, sum }) => `${labels['system']} ${labels['result']} ${sum}`);
  return { telemetry, clock, options, requests };
}

const answering =
  (status: number): Http =>
  async (request) => ({ request, status, headers: {}, body: '' });

const ending =
  (exit: number): Exec =>
  async (command) =>
    ({ command, exit, signal: undefined, stdout: '', stderr: '', truncated: false }) satisfies CommandResult;

describe('requests', () => {
  test.each([
    [200, 'http://bodhi.test/updates/', ['bodhi ok 1']],
    [302, 'http://bodhi.test', ['bodhi ok 1']],
    [404, 'http://greenwave.test/api/v1.0/decision?x=1', ['greenwave client_error 1']],
    [503, 'http://koji.test/kojihub', ['koji server_error 1']],
    [200, 'http://koji.test/kojihub2', []],
    [200, 'http://elsewhere.test/', []],
  ])('an answer %s of %s is counted as %j', async (status, url, expected) => {
    const { options, requests } = meter();
    await meteredHttp(answering(status), options)({ url }, signal);
    expect(requests()).toEqual(expected);
  });

  test.each([
    ['HTTP_TIMED_OUT', 'koji timeout 1'],
    ['HTTP_UNREACHABLE', 'koji network 1'],
  ])('one that ends with %s is counted as %s and still fails', async (code, expected) => {
    const { options, requests } = meter();
    const http = meteredHttp(async () => {
      throw new Fault('no', { code, kind: 'unavailable' });
    }, options);
    await expect(http({ url: 'http://koji.test/kojihub' }, signal)).rejects.toThrow('no');
    expect(requests()).toEqual([expected]);
  });

  test('one that we gave up ourselves is nobody’s failure', async () => {
    const { options, requests } = meter();
    const aborted = AbortSignal.abort(new Error('enough'));
    const http = meteredHttp(async () => {
      throw aborted.reason;
    }, options);
    await expect(http({ url: 'http://koji.test/kojihub' }, aborted)).rejects.toThrow('enough');
    expect(requests()).toEqual([]);
  });

  test('they take the time of the host', async () => {
    const { options, clock, telemetry } = meter();
    const http = meteredHttp(async (request) => {
      await clock.advance(1500);
      return { request, status: 200, headers: {}, body: '' };
    }, options);
    await http({ url: 'http://koji.test/kojihub' }, signal);
    const duration = telemetry
      .counted()
      .find(({ metric }) => metric === 'packprobe_request_duration_seconds');
    expect([duration?.sum, duration?.count]).toEqual([1.5, 1]);
  });
});

describe('commands', () => {
  test.each([
    ['fedpkg', ['--user', 'packprobe', 'build', '--nowait'], ['koji ok 1']],
    ['fedpkg', ['--user', 'packprobe', 'clone', 'x'], ['dist-git ok 1']],
    ['fedpkg', ['--user', 'packprobe', 'new-sources', 'x.tar'], ['lookaside ok 1']],
    ['/usr/bin/git', ['-c', 'a=b', 'push', 'origin'], ['dist-git ok 1']],
    ['git', ['commit', '-m', 'push'], []],
    ['bodhi', ['updates', 'new'], ['bodhi ok 1']],
    ['rpmdev-bumpspec', ['x.spec'], []],
    ['git', ['constructor'], []],
  ])('%s %j is counted as %j', async (file, args, expected) => {
    const { options, requests } = meter();
    await meteredExec(ending(0), options)({ file, args }, signal);
    expect(requests()).toEqual(expected);
  });

  test('one that is not there asked nobody', async () => {
    const { options, requests } = meter();
    const exec = meteredExec(async () => {
      throw new Fault('koji is not there', { code: 'COMMAND_MISSING', kind: 'prober' });
    }, options);
    await expect(exec({ file: 'koji', args: ['hello'] }, signal)).rejects.toThrow('koji');
    expect(requests()).toEqual([]);
  });
});

test('lines of a log are counted by level, those of children, too', () => {
  const { telemetry } = meter();
  const log = meteredLogger(silentLogger, telemetry);
  log.info({}, 'one');
  log.child({ run_id: 'x' }).warn({}, 'two');
  expect(telemetry.counted().map(({ labels, sum }) => [labels['level'], sum])).toEqual([
    ['info', 1],
    ['warn', 1],
  ]);
});
