import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { METRICS } from '../../src/core/metrics.ts';
import { SYSTEMS } from '../../src/core/system.ts';
import { ROOT } from '../support/sources.ts';
import { withTool } from '../support/tools.ts';

const RULES = join(ROOT, 'config/prometheus/packprobe.rules.yaml');
const TESTS = join(ROOT, 'test/telemetry/rules');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const { groups } = parse(readFileSync(RULES, 'utf8')) as {
  readonly groups: readonly { readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);
const alerts = rules.flatMap((rule) => (rule.alert === undefined ? [] : [{ ...rule, alert: rule.alert }]));
const runbooks = readdirSync(join(ROOT, 'docs/runbooks')).map((file) => file.replace(/\.md$/, ''));

describe('the rules', () => {
  test('ask for no metric that packprobe does not have', () => {
    const asked = rules.flatMap(({ expr }) => expr.match(/packprobe_[a-z_]+/g) ?? []);
    const known = (name: string) => Object.hasOwn(METRICS, name.replace(/_(bucket|sum|count)$/, ''));
    expect(asked.length).toBeGreaterThan(15);
    expect(asked.filter((name) => !Object.hasOwn(METRICS, name) && !known(name))).toEqual([]);
  });

  test('record under names that say level, metric and operation', () => {
    const names = rules.flatMap(({ record }) => record ?? []);
    expect(names.filter((name) => !/^[a-z_]+:packprobe_[a-z_]+:[a-z0-9_]+$/.test(name))).toEqual([]);
  });

  test.each(alerts)(
    '$alert says how bad it is, what it is, and where to read on',
    ({ labels, annotations }) => {
      expect(['critical', 'warning']).toContain(labels?.['severity']);
      expect(Object.keys(annotations ?? {}).sort()).toEqual(['description', 'runbook_url', 'summary']);
      expect(annotations?.['runbook_url']).toMatch(
        /^https:\/\/packprobe\.example\.org\/docs\/runbooks\/(Packprobe[A-Za-z]+|\{\{ \$labels\.system \}\})\.md$/,
      );
    },
  );
});

describe('runbooks', () => {
  test('there is one for each alert, and none for an alert that is not', () => {
    const ofAlerts = runbooks.filter((name) => name.startsWith('Packprobe')).sort();
    expect(ofAlerts).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  test('there is one for each system and for packprobe itself', () => {
    const ofSystems = runbooks.filter((name) => !name.startsWith('Packprobe') && name !== 'README').sort();
    expect(ofSystems).toEqual([...SYSTEMS, 'own'].sort());
  });
});

describe('each alert fires when it should, and not when it should not', () => {
  test('has a test file of its own', () => {
    const tested = readdirSync(TESTS).map((file) => file.replace(/\.test\.yaml$/, ''));
    expect(tested.sort()).toEqual(alerts.map(({ alert }) => alert).sort());
  });

  for (const file of readdirSync(TESTS)) {
    withTool('promtool', file, async () => {
      const run = () => execFileSync('promtool', ['test', 'rules', join(TESTS, file)], { encoding: 'utf8' });
      expect(run()).toContain('SUCCESS');
    });
  }

  withTool('promtool', 'the example of a Prometheus is one', async () => {
    const file = join(ROOT, 'config/prometheus/prometheus.yaml');
    expect(execFileSync('promtool', ['check', 'config', file], { encoding: 'utf8' })).toContain('SUCCESS');
  });
});
