import { describe, expect, test } from 'vitest';
import { readConfig, readEnvironment } from '../../src/core/config.ts';
import { linesOf } from '../support/fake-actions.ts';

const inConfig = (text: string) => linesOf(() => readConfig('c.yaml', text));
const inEnvironment = (text: string) => linesOf(() => readEnvironment('e.yaml', text));

const ENVIRONMENT = `name: e
systems: {}
identity:
  user: me
  principal: me@EXAMPLE.ORG
  keytab: { file: /k }
contact: https://example.org
`;

describe('the service', () => {
  test('an empty file is all defaults', () => {
    expect(readConfig('c.yaml', '')).toMatchObject({
      listen: { host: '127.0.0.1', port: 9842 },
      schedule: { max_runs: 20, min_interval: 300_000, catch_up: 'one' },
      retention: { runs: 34_560_000_000 },
      calendar: { kinds: { outage: 'leave_out' }, entries: [] },
      environments: {},
    });
  });

  test('an override takes what a probe file takes', () => {
    const text = 'environments: { fedora: { probes: { single-build: { schedule: { every: 4h } } } } }\n';
    expect(readConfig('c.yaml', text).environments['fedora']?.probes['single-build']).toEqual({
      enabled: true,
      schedule: { every: 14_400_000, time_zone: 'UTC', overlap: 'skip' },
      params: {},
    });
  });

  test('what is left out of the rules of one system is as it is for all', () => {
    const text =
      'incidents: { open: { when: in_a_row, count: 4 }, systems: { koji: { resolve_after: 2 } } }\n';
    expect(readConfig('c.yaml', text).incidents.systems).toEqual({ koji: { resolve_after: 2 } });
  });

  test.each([
    ['an unknown key', 'lisen: {}\n', '1:1: lisen: unknown key; did you mean "listen"?'],
    ['a port of text', 'listen: { port: http }\n', '1:17: listen.port: expected a number, got "http"'],
    [
      'a port too high',
      'listen: { port: 70000 }\n',
      '1:17: listen.port: expected a number of at most 65535, got 70000',
    ],
    [
      'an unknown kind of receiver',
      'receivers: { a: { kind: mial } }\n',
      '1:25: receivers.a.kind: expected "alertmanager", "mail", "webhook", "command", "matrix" or "ticket", got "mial"; did you mean "mail"?',
    ],
    [
      'a mail server without a port that can be',
      'receivers: { a: { kind: mail, server: "mail.example.org:", from: a@example.org, to: [b@example.org] } }\n',
      '1:39: receivers.a.server: expected a mail server such as `mail.example.org:587`, got "mail.example.org:"',
    ],
    [
      'a mail server with a port too high',
      'receivers: { a: { kind: mail, server: "[::1]:65536", from: a@example.org, to: [b@example.org] } }\n',
      '1:39: receivers.a.server: expected a mail server such as `mail.example.org:587`, got "[::1]:65536"',
    ],
    [
      'half a mail address',
      'receivers: { a: { kind: mail, server: mail, from: a@example.org, to: ["x@y.z z@"] } }\n',
      '1:71: receivers.a.to[0]: expected a mail address, got "x@y.z z@"',
    ],
    [
      'a feed that is asked each second',
      'calendar: { feeds: { f: { kind: icalendar, url: "https://example.org", poll: 1s } } }\n',
      '1:78: calendar.feeds.f.poll: expected at least `1m`: no calendar changes more often, and its server is not ours, got "1s"',
    ],
    [
      'a missing part of a receiver',
      'receivers: { a: { kind: alertmanager } }\n',
      '1:14: receivers.a.url: missing; expected text',
    ],
    [
      'an unknown system',
      'receivers: { a: { kind: alertmanager, url: "http://a", systems: [koij] } }\n',
      '1:66: receivers.a.systems[0]: expected "fas", "dist-git", "lookaside", "forge", "koji", "signing", "bodhi", "ci", "resultsdb", "greenwave", "waiverdb", "messaging", "datagrepper" or "koschei", got "koij"; did you mean "koji"?',
    ],
    [
      'an entry that ends before it begins',
      'calendar: { entries: [{ kind: outage, from: "2026-12-01T08:00Z", to: "2026-12-01T07:00Z" }] }\n',
      '1:70: calendar.entries[0].to: expected a time after `from`, 2026-12-01T08:00Z, got "2026-12-01T07:00Z"',
    ],
    [
      'a time without a zone',
      'calendar: { entries: [{ kind: outage, from: "2026-12-01T08:00", to: "2026-12-01T09:00Z" }] }\n',
      '1:45: calendar.entries[0].from: expected a time in UTC such as `2026-12-01T08:00Z`, got "2026-12-01T08:00"',
    ],
    [
      'a name in capitals',
      'environments: { Fedora: {} }\n',
      '1:17: environments.Fedora: expected a name of lower case letters, digits and dashes, got "Fedora"',
    ],
    [
      'an unknown key of an override',
      'environments: { f: { probes: { p: { packge: x } } } }\n',
      '1:37: environments.f.probes.p.packge: unknown key; did you mean "package"?',
    ],
  ])('%s', (_, text, expected) => {
    expect(inConfig(text)).toEqual([`c.yaml:${expected}`]);
  });
});

describe('an environment', () => {
  test('a system left out is one that it does not have', () => {
    expect(readEnvironment('e.yaml', ENVIRONMENT).systems).toEqual({});
  });

  test.each([
    ['an unknown system', 'systems: { kojji: {} }', '2:12: systems.kojji: unknown key; did you mean "koji"?'],
    [
      'a system without its address',
      'systems: { koji: {} }',
      '2:12: systems.koji.url: missing; expected text',
    ],
    [
      'an address without http',
      'systems: { bodhi: { url: bodhi.example.org } }',
      '2:26: systems.bodhi.url: expected an http or https address without a login in it, got "bodhi.example.org"',
    ],
    [
      'a poll that is a number',
      'systems: { bodhi: { url: "http://b", poll: 30 } }',
      '2:44: systems.bodhi.poll: expected a duration such as `90s`, `15m` or `1h 30m`, got 30',
    ],
  ])('%s', (_, systems, expected) => {
    expect(inEnvironment(ENVIRONMENT.replace('systems: {}', systems))).toEqual([`e.yaml:${expected}`]);
  });

  test.each([
    ['in place of its reference', 'keytab: { file: /k }', 'keytab: hunter2'],
    ['beside its reference', 'keytab: { file: /k }', 'keytab: { file: /k, value: hunter2 }'],
    ['under a name of its own', 'user: me', 'user: me\n  password: hunter2'],
    ['as a token', 'user: me', 'user: me\n  tokens: { forge: hunter2 }'],
    ['as a list', 'keytab: { file: /k }', 'keytab: [hunter2]'],
    ['in an address', 'contact: https://example.org', 'contact: https://me:hunter2@example.org'],
    [
      'in the address of the bus',
      'systems: {}',
      'systems: { messaging: { url: "amqps://me:hunter2@bus.example.org" } }',
    ],
  ])('a secret written out %s is a fault that does not repeat it', (_, good, bad) => {
    const lines = inEnvironment(ENVIRONMENT.replace(good, bad));
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain('hunter2');
  });

  test('a secret written out is told what to write instead', () => {
    expect(inEnvironment(ENVIRONMENT.replace('{ file: /k }', 'hunter2'))).toEqual([
      'e.yaml:6:11: identity.keytab: expected `{file: PATH}` or `{env: NAME}`; a secret is never written out, got text',
    ]);
  });
});
