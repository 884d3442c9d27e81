import { describe, expect, test } from 'vitest';
import { readEnvironment } from '../../src/core/config.ts';
import { resolveParams } from '../../src/core/params.ts';
import { describeBindings } from '../../src/core/plan.ts';
import { readProbe } from '../../src/core/probe.ts';
import { faultsIn, linesOf, plan } from '../support/fake-actions.ts';

/** A probe with these lines under `steps:`, which is line 3. */
const probeOf = (steps: string) =>
  `name: a\nparams: { on: { type: boolean, default: true } }\nsteps:\n${steps}`;

const CLONE = '  - uses: dist-git/clone\n';
const BUILD = `${CLONE}  - uses: koji/build\n`;

const ENVIRONMENT = `
name: small
systems: { fas: {}, dist-git: { url: "https://git.example.org" }, koji: { url: "https://koji.example.org" } }
identity: { user: me, principal: me@EXAMPLE.ORG, keytab: { file: /k } }
packages: { single: alpha, waive: omega }
contact: https://example.org
`;

const environment = readEnvironment('small.yaml', ENVIRONMENT);

describe('each rule has its message', () => {
  test.each([
    ['an empty file', '', '1:1: expected a mapping, got nothing'],
    ['a list for a probe', '- a\n', '1:1: expected a mapping, got a list'],
    ['no steps', 'name: a\n', '1:1: steps: missing; expected a list'],
    [
      'an empty list of steps',
      'name: a\nsteps: []\n',
      '2:8: steps: expected a list of 1 or more, got a list',
    ],
    ['no name', 'steps:\n  - uses: fas/login\n', '1:1: name: missing; expected text'],
    [
      'no action',
      probeOf('  - id: x\n'),
      '4:5: steps[0].uses: missing; expected an action such as `koji/build`',
    ],
    [
      'a step that is text',
      probeOf('  - koji/build\n'),
      '4:5: steps[0]: expected a mapping, got "koji/build"',
    ],
    [
      'a key without a value',
      probeOf('  - uses: fas/login\n    timeout:\n'),
      '5:13: steps[0].timeout: expected a duration such as `90s`, `15m` or `1h 30m`, got nothing',
    ],
    [
      'a timeout of nothing',
      probeOf('  - uses: fas/login\n    timeout: 0s\n'),
      '5:14: steps[0].timeout: expected a duration above zero, got "0s"',
    ],
    [
      'an unknown key without a neighbour',
      probeOf('  - uses: fas/login\n    retry: { zebra: 1 }\n'),
      '5:14: steps[0].retry.zebra: unknown key; known are attempts, delay',
    ],
    [
      'both every and cron',
      'name: a\nschedule: { every: 1h, cron: "0 * * * *" }\nsteps:\n  - uses: fas/login\n',
      '2:11: schedule: expected either `every` or `cron`, got a mapping',
    ],
    [
      'a day that never comes',
      'name: a\nschedule: { cron: "0 0 31 2 *" }\nsteps:\n  - uses: fas/login\n',
      '2:19: schedule.cron: expected a date that comes some day, which this never does, got "0 0 31 2 *"',
    ],
    [
      'a default outside of its enum',
      'name: a\nparams: { p: { type: string, enum: [x], default: y } }\nsteps:\n  - uses: fas/login\n',
      '2:50: params.p.default: expected one of `enum`, got "y"',
    ],
    [
      'an id in capitals',
      probeOf('  - id: Build\n    uses: fas/login\n'),
      '4:9: steps[0].id: expected lower case letters, digits, `_` and `-`, such as `build`, got "Build"',
    ],
    [
      'two steps of one default id',
      probeOf(BUILD + BUILD.replace(CLONE, '')),
      '6:11: steps[2].uses: steps[1] is called "build" already; give this step an `id`',
    ],
    [
      'a missing input',
      probeOf('  - uses: koji/build\n'),
      '4:5: steps[0].with.dir: missing input, and no earlier step gives a "dir"; expected text',
    ],
    [
      'two steps that could give it',
      probeOf(`${CLONE}  - { id: other, uses: dist-git/clone }\n  - uses: koji/build\n`),
      `6:5: steps[2].with.dir: steps clone and other give a "dir"; say which, such as \`dir: \${{ steps.clone.dir }}\``,
    ],
    [
      'an optional input that two could give',
      probeOf(
        `${BUILD}  - { id: o, uses: bodhi/wait-status, with: { update: u } }\n  - { id: b2, uses: koji/build, with: { dir: d } }\n  - uses: koji/wait-tag\n`,
      ),
      `8:5: steps[4].with.nvr: steps build and b2 give a "nvr"; say which, such as \`nvr: \${{ steps.build.nvr }}\``,
    ],
    [
      'an input that may be null',
      probeOf(`${CLONE}  - uses: koji/build\n    if: params.on\n  - uses: koji/wait-tag\n`),
      '7:5: steps[2].with.nvr: expected text, but steps.build.nvr may be null, for step "build" has `if` or leaves it out; write `nvr:` with default(…)',
    ],
    [
      'a written input that may be null',
      probeOf(`${BUILD}  - uses: koji/wait-tag\n    with: { tag: "\${{ steps.build.warning }}" }\n`),
      '7:23: steps[2].with.tag: may be null, expected text; give it a value with default(…)',
    ],
    [
      'null inside text',
      probeOf(`${BUILD}  - uses: koji/wait-tag\n    with: { tag: "x\${{ steps.build.warning }}" }\n`),
      '7:24: steps[2].with.tag: steps.build.warning may be null, which cannot stand inside text; give it a value with default(…)',
    ],
    [
      'a list inside text',
      probeOf(
        `${BUILD}  - { id: t, uses: koji/wait-tag }\n  - { uses: bodhi/create-update, with: { builds: [x], notes: "a \${{ steps.t.tags }}" } }\n`,
      ),
      '7:69: steps[3].with.notes: steps.t.tags is a list, which cannot stand inside text; use join(…)',
    ],
    [
      'a number for text',
      probeOf(`${CLONE}  - { uses: koji/build, with: { dir: 7 } }\n`),
      '5:38: steps[1].with.dir: expected text, got 7',
    ],
    [
      'text for a list',
      probeOf(`  - { uses: bodhi/create-update, with: { builds: "\${{ run.id }}" } }\n`),
      '4:55: steps[0].with.builds: expected a list of text, got text',
    ],
    [
      'a bad literal duration',
      probeOf('  - { uses: bodhi/create-update, with: { builds: [x], wait: soon } }\n'),
      '4:61: steps[0].with.wait: expected a duration such as `90s`, `15m` or `1h 30m`, got "soon"',
    ],
    [
      'a reference to itself',
      probeOf(`  - { id: b, uses: koji/build, with: { dir: "\${{ steps.b.nvr }}" } }\n`),
      '4:56: steps[0].with.dir: step "b" cannot use its own outputs',
    ],
    [
      'an unknown root',
      probeOf(`  - { uses: koji/build, with: { dir: "\${{ stpes.b }}" } }\n`),
      '4:43: steps[0].with.dir: unknown name "stpes"; did you mean "steps"?',
    ],
    [
      'a step without its root',
      probeOf(`${CLONE}  - { uses: koji/build, with: { dir: "\${{ clone.dir }}" } }\n`),
      '5:43: steps[1].with.dir: unknown name "clone"; did you mean "steps.clone"?',
    ],
    [
      'secrets of the process',
      probeOf(`  - { uses: koji/build, with: { dir: "\${{ env.HOME }}" } }\n`),
      '4:47: steps[0].with.dir: env has no "HOME"; it has `name`, `systems`, `packages`, `contact`',
    ],
    [
      'an expression that is not closed',
      probeOf(`  - { uses: koji/build, with: { dir: "\${{ run.id" } }\n`),
      `4:39: steps[0].with.dir: \`\${{\` without \`}}\``,
    ],
    [
      'an empty expression',
      probeOf(`  - { uses: koji/build, with: { dir: "\${{ }}" } }\n`),
      '4:43: steps[0].with.dir: an empty expression',
    ],
    [
      'an operator of another language',
      probeOf("  - uses: fas/login\n    if: run.id = 'x'\n"),
      '5:16: steps[0].if: "=" has no meaning here; did you mean "=="?',
    ],
    [
      'a condition that is no truth',
      probeOf('  - uses: fas/login\n    if: run.id\n'),
      '5:9: steps[0].if: expected true or false, got text',
    ],
    [
      'text around a condition',
      probeOf(`  - uses: fas/login\n    if: \${{ true }} x\n`),
      `5:9: steps[0].if: expected one expression, with or without \`\${{ }}\` around all of it`,
    ],
    [
      'success() outside of if',
      probeOf(`  - { uses: koji/build, with: { dir: d, scratch: "\${{ success() }}" } }\n`),
      '4:55: steps[0].with.scratch: success() has a meaning only in `if`',
    ],
    [
      'types that differ',
      probeOf("  - uses: fas/login\n    if: params.on == 'true'\n"),
      '5:9: steps[0].if: `==` compares true or false with text',
    ],
    [
      'an order of texts',
      probeOf("  - uses: fas/login\n    if: run.id < 'x'\n"),
      '5:9: steps[0].if: `<` takes a number, got text',
    ],
    [
      'a second key',
      'name: a\nname: b\nsteps:\n  - uses: fas/login\n',
      '2:1: name: a second key of this name',
    ],
  ])('%s', (_, text, expected) => {
    expect(faultsIn(text)).toContain(`probe.yaml:${expected}`);
    expect(faultsIn(text).length).toBeLessThanOrEqual(2);
  });

  describe('confirm_with', () => {
    const probes = new Map([
      ['scratch-build', undefined],
      ['first', 'second'],
      ['second', 'third'],
      ['third', 'first'],
      ['aside', 'first'],
    ]);
    const faultsOf = (name: string, confirm_with: string) => {
      const steps = 'steps:\n  - uses: fas/login\n';
      return faultsIn(`name: ${name}\nconfirm_with: ${confirm_with}\n${steps}`, { probes });
    };

    test.each([
      ['a probe that is there', 'a', 'scratch-build', []],
      ['one that is confirmed in a circle of others', 'aside', 'first', []],
      [
        'none that is not there',
        'a',
        'scratch-biuld',
        ['confirm_with: no probe "scratch-biuld"; did you mean "scratch-build"?'],
      ],
      [
        'not the probe itself',
        'first',
        'first',
        ['confirm_with: the probe itself: left out, a probe confirms its own failures'],
      ],
      [
        'none that leads back',
        'first',
        'second',
        ['confirm_with: a circle of confirmations: first -> second -> third -> first'],
      ],
    ] as const)('takes %s', (_, name, confirm_with, faults) => {
      expect(faultsOf(name, confirm_with)).toEqual(faults.map((text) => `probe.yaml:2:15: ${text}`));
    });
  });

  test('a system that the environment does not have is a fault of the step', () => {
    const text = probeOf('  - { uses: bodhi/wait-status, with: { update: u } }\n');
    expect(faultsIn(text, { environment })).toEqual([
      'probe.yaml:4:13: steps[0].uses: environment small has no bodhi',
    ]);
    expect(faultsIn(text)).toEqual([]);
  });

  test('env is checked against what the environment at hand has', () => {
    const text = probeOf(`  - { uses: koji/build, with: { dir: "\${{ env.systems.bodhi.url }}" } }\n`);
    expect(faultsIn(text)).toEqual([]);
    expect(faultsIn(text, { environment })).toEqual([
      'probe.yaml:4:55: steps[0].with.dir: env.systems has no "bodhi"; it has `fas`, `dist-git`, `koji`',
    ]);
  });
});

describe('binding', () => {
  test('an input left out takes the output of the one earlier step that has its name', () => {
    const { steps } = plan(probeOf(`${BUILD}  - uses: koji/wait-tag\n`));
    expect(steps.map(describeBindings)).toEqual([
      {},
      { dir: 'steps.clone.dir', scratch: 'false (default)' },
      { nvr: 'steps.build.nvr' },
    ]);
  });

  test('an input that can do without is bound also where its step may be skipped', () => {
    const text = `${CLONE}  - { uses: koji/build, if: params.on }\n  - { uses: koji/wait-tag, with: { nvr: x } }\n`;
    expect(faultsIn(probeOf(text))).toEqual([]);
  });

  test('a value written in the file wins over an offer', () => {
    const { steps } = plan(probeOf(`${BUILD}  - { uses: koji/wait-tag, with: { nvr: other-1-1 } }\n`));
    expect(describeBindings(steps[2]!)).toEqual({ nvr: 'other-1-1' });
  });

  test('after an unknown action nothing is said to be missing that it may have given', () => {
    expect(faultsIn(probeOf('  - uses: dist-git/cloen\n  - uses: koji/build\n'))).toEqual([
      'probe.yaml:4:11: steps[0].uses: unknown action "dist-git/cloen"; did you mean "dist-git/clone"?',
    ]);
  });
});

describe('defaults', () => {
  const [clone, build] = plan(probeOf(BUILD)).steps;

  test('what can be repeated is tried three times, what cannot once', () => {
    expect([clone?.attempts, build?.attempts]).toEqual([3, 1]);
    expect(clone?.retryDelayMs).toBe(30_000);
  });

  test('a step has the limit of its action, but never more than the probe', () => {
    expect(build?.timeoutMs).toBe(3_600_000);
    expect(plan(`timeout: 10m\n${probeOf(BUILD)}`).steps[1]?.timeoutMs).toBe(600_000);
  });

  test('a probe has 8 hours, and the newest stable release', () => {
    const { probe } = plan(probeOf(BUILD));
    expect(probe).toMatchObject({ timeoutMs: 28_800_000, branch: 'stable', package: undefined });
  });
});

describe('the package', () => {
  const text = probeOf('  - uses: fas/login\n');
  test.each([
    ['of the environment where nobody says another', text, {}, 'alpha'],
    ['of the probe before that of the environment', `package: beta\n${text}`, {}, 'beta'],
    ['of an override before that of the probe', `package: beta\n${text}`, { package: 'gamma' }, 'gamma'],
    ['may be asked of the environment', `package: \${{ env.packages.waive }}\n${text}`, {}, 'omega'],
  ])('%s', (_, file, overrides, expected) => {
    expect(plan(file, { environment, overrides }).probe.package).toBe(expected);
  });
});

describe('parameters', () => {
  const probe = readProbe(
    'probe.yaml',
    `name: a
params:
  depth: { type: integer, default: 3 }
  wait: { type: duration }
  mode: { type: string, enum: [fast, slow], default: fast }
  on: { type: boolean, default: false }
steps:
  - uses: fas/login
`,
  );

  test('are read as the types that they declare', () => {
    expect(resolveParams(probe, { depth: '7', wait: '90s', on: 'true' })).toEqual({
      depth: 7,
      wait: '90s',
      mode: 'fast',
      on: true,
    });
  });

  test('all that is wrong with them comes at once', () => {
    expect(linesOf(() => resolveParams(probe, { dpeth: '7', depth: '1.5', mode: 'x', on: 'yes' }))).toEqual([
      '--set: dpeth: unknown parameter; did you mean "depth"?',
      '--set: depth: expected a whole number, got "1.5"',
      '--set: wait: missing; expected a duration such as `90s`, `15m` or `1h 30m`',
      '--set: mode: expected "fast" or "slow", got "x"',
      '--set: on: expected true or false, got "yes"',
    ]);
  });
});
