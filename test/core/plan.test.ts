import { describe, expect, test } from 'vitest';
import { evaluateCondition, evaluateInputs, placeholderInputs, type Scope } from '../../src/core/plan.ts';
import { plan } from '../support/fake-actions.ts';

const STEPS = `
name: a
params: { loud: { type: boolean, default: true } }
steps:
  - uses: dist-git/clone
  - { id: build, uses: koji/build, if: params.loud }
  - id: update
    uses: bodhi/create-update
    with:
      builds: ["\${{ default(steps.build.nvr, 'none-1-1') }}", "\${{ probe.branch }}"]
      notes: "run \${{ run.id }} of \${{ env.name }}, loud: \${{ params.loud }}"
      wait: 90s
  - { id: status, uses: bodhi/wait-status, always: true }
  - { id: tag, uses: koji/wait-tag, if: "failure() && steps.build.nvr != null", with: { nvr: "\${{ default(steps.build.nvr, '') }}" } }
  - { id: tag2, uses: koji/wait-tag, if: params.loud, with: { nvr: x, tag: "\${{ to_json(steps.tag.tags) }}" } }
`;

const planned = plan(STEPS);
const step = (id: string) => {
  const found = planned.steps.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no step ${id}`);
  return found;
};

const run = { id: 'r1', probe: 'a', package: 'p', branch: 'f44' };
const scope: Scope = {
  run,
  env: { name: 'sandbox' },
  probe: { branch: 'stable' },
  params: { loud: true },
  steps: {
    clone: { outcome: 'passed', outputs: { dir: '/d' } },
    build: { outcome: 'passed', outputs: { nvr: 'a-1-1', task_id: 7, warning: null } },
    update: { outcome: 'passed', outputs: { update: 'FEDORA-1' } },
  },
};
const without = (id: string): Scope => ({
  ...scope,
  steps: { ...scope.steps, [id]: { outcome: 'failed', outputs: null } },
});

describe('inputs of a step', () => {
  test('are worked out, keep their types, and are parsed by the action', () => {
    expect(evaluateInputs(step('update'), scope)).toEqual({
      builds: ['a-1-1', 'stable'],
      notes: 'run r1 of sandbox, loud: true',
      type: 'enhancement',
      wait: 90_000,
    });
  });

  test('what is bound comes from the output, and what is absent takes its default', () => {
    expect(evaluateInputs(step('build'), scope)).toEqual({ dir: '/d', scratch: false });
  });

  test('the outputs of a step that was skipped are null', () => {
    expect(evaluateInputs(step('update'), without('build'))['builds']).toEqual(['none-1-1', 'stable']);
  });

  test('null into a bound input that takes none is a fault of ours, with the place', () => {
    expect(() => evaluateInputs(step('status'), without('update'))).toThrow(
      expect.objectContaining({
        message:
          'step "status" was given inputs that bodhi/wait-status does not take: update: expected text, got nothing',
        code: 'INPUT_INVALID',
        kind: 'prober',
        evidence: expect.objectContaining({ file: 'probe.yaml', line: 13, path: 'steps[3]' }),
      }),
    );
  });
});

describe('whether a step runs', () => {
  test.each([
    ['one without `if` runs while nothing failed', 'clone', false, true],
    ['one without `if` is skipped behind a failure', 'clone', true, false],
    ['`always` runs behind a failure', 'status', true, true],
    ['an `if` means success() as well', 'build', true, false],
    ['an `if` that is true runs', 'build', false, true],
    ['failure() runs behind a failure only', 'tag', true, true],
    ['failure() is false while nothing failed', 'tag', false, false],
  ])('%s', (_, id, failed, runs) => {
    expect(evaluateCondition(step(id), scope, { failed })).toBe(runs);
  });

  test('a condition may ask for what a failed step did not give', () => {
    expect(evaluateCondition(step('tag'), without('build'), { failed: true })).toBe(false);
  });
});

describe('inputs before a run', () => {
  test('what is not known stands as its name', () => {
    expect(placeholderInputs(step('build'))).toEqual({ dir: '<steps.clone.dir>', scratch: false });
    expect(placeholderInputs(step('update'))).toEqual({
      builds: ["<default(steps.build.nvr, 'none-1-1')>", '<probe.branch>'],
      notes: 'run <run.id> of <env.name>, loud: <params.loud>',
      type: 'enhancement',
      wait: 90_000,
    });
  });

  test('what is known is worked out', () => {
    const { steps: _, ...known } = scope;
    expect(placeholderInputs(step('update'), known)).toMatchObject({
      builds: ["<default(steps.build.nvr, 'none-1-1')>", 'stable'],
      notes: 'run r1 of sandbox, loud: true',
    });
  });
});
