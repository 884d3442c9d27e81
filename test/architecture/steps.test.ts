import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SYSTEMS } from '../../src/core/system.ts';
import { discoverFaults } from '../../src/sandbox/faults/declared.ts';
import { shippedActions } from '../support/actions.ts';
import { faultsPage } from '../support/faults-page.ts';
import { metricsPage } from '../support/metrics-page.ts';
import { ROOT } from '../support/sources.ts';
import { stepsPage } from '../support/steps-page.ts';

const actions = await shippedActions();

describe.each([...actions.values()])('$uses', ({ uses, definition }) => {
  test('says what it does in one sentence', () => {
    expect(definition.summary).toMatch(/^[A-Z].*\.$/);
  });

  test('charges a system of the workflow, or leaves it to the probe', () => {
    expect([undefined, ...SYSTEMS]).toContain(definition.system);
  });

  test('describes every input and output', () => {
    const fields = { ...definition.input.shape, ...definition.output.shape };
    const silent = Object.entries(fields).filter(([, field]) => (field.description ?? '') === '');
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  test('refuses inputs that it does not know', () => {
    expect(definition.input.safeParse({ no_such_input: 1 }).success).toBe(false);
  });

  test('has a limit that lets a command run at the speed of a sandbox', () => {
    expect(definition.timeoutMs).toBeGreaterThanOrEqual(15 * 60_000);
  });

  test('has a test file of its name', () => {
    expect(existsSync(join(ROOT, 'test/steps', `${uses}.test.ts`))).toBe(true);
  });
});

// Here because `npm run docs` writes the pages of this file.
test('docs/sandbox-faults.md says what the faults of the sandbox declare (npm run docs writes it)', async () => {
  await expect(faultsPage(await discoverFaults())).toMatchFileSnapshot(join(ROOT, 'docs/sandbox-faults.md'));
});

test('docs/steps.md says what the step files say (npm run docs writes it)', async () => {
  await expect(stepsPage(actions)).toMatchFileSnapshot(join(ROOT, 'docs/steps.md'));
});

test('docs/metrics.md is the catalogue of the sources (npm run docs writes it)', async () => {
  await expect(metricsPage()).toMatchFileSnapshot(join(ROOT, 'docs/metrics.md'));
});
