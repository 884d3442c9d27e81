import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ROOT } from '../support/sources.ts';
import { DEPLOY } from './manifests.ts';

const RULES = join(ROOT, 'config/prometheus');

const HEAD = `# Made of config/prometheus/*.rules.yaml, where the rules are tested: change them there, then
# \`npx vitest run --project unit test/deploy/prometheus-rule.test.ts --update\`.
`;

/** All files of rules in one object, in the order of their names. */
function prometheusRule(): string {
  const files = existsSync(RULES) ? readdirSync(RULES).filter((name) => name.endsWith('.rules.yaml')) : [];
  const groups = files
    .toSorted()
    .flatMap((name) => (parse(readFileSync(join(RULES, name), 'utf8')) as { groups: object[] }).groups);
  const object = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'packprobe', labels: { 'app.kubernetes.io/name': 'packprobe' } },
    spec: { groups },
  };
  return `${HEAD}${stringify(object, { lineWidth: 0 })}`;
}

test('the PrometheusRule holds the rules that are tested, all of them and no others', async () => {
  await expect(prometheusRule()).toMatchFileSnapshot(join(DEPLOY, 'openshift/prometheus-rule.yaml'));
});
