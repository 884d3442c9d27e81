import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConfig } from '../../src/core/config.ts';
import { resolveParams } from '../../src/core/params.ts';
import { planProbe } from '../../src/core/planner.ts';
import { readProbe } from '../../src/core/probe.ts';
import { shippedActions } from '../support/actions.ts';
import { engineWorld } from '../support/engine-world.ts';
import { ROOT } from '../support/sources.ts';

const PAGE = 'docs/operations.md';
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const text = read(PAGE);
const headings = (path: string) =>
  [...read(path).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  );

describe('the page for operators', () => {
  test.each([...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => [link]))(
    'the link %s leads somewhere',
    (link) => {
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? PAGE : join(dirname(PAGE), path);
      expect(existsSync(join(ROOT, file))).toBe(true);
      if (anchor !== undefined) expect(headings(file)).toContain(anchor);
    },
  );

  test('every fault that it names is one that there is', () => {
    const known = `${read('docs/faults.md')}${read('docs/data.md')}`;
    const named = [...text.matchAll(/`([A-Z]+(?:_[A-Z]+)+)`/g)].map(([, code = '']) => code);
    expect(named.length).toBeGreaterThan(5);
    for (const code of named) expect(known).toContain(`\`${code}\``);
  });

  test('the probe by which one packprobe watches another is one, and a bad answer is errored and blames no system', async () => {
    const [, told = ''] = /```yaml\n(environments:\n.*?)```/s.exec(text) ?? [];
    const { environments } = readConfig('packprobe.yaml', told);
    const { params = {} } = environments['fedora-staging']?.probes['watch-packprobe'] ?? {};
    const probe = read('probes/watch-packprobe.yaml');
    const actions = await shippedActions();
    const definition = readProbe('watch-packprobe.yaml', probe);
    const given = resolveParams(definition, { url: String(params['url']) });
    const plan = planProbe({ probe: definition, actions, params: given });
    expect(plan.steps.map(({ uses, system }) => [uses, system])).toEqual([['http/request', 'own']]);
    const request = actions.get('http/request');
    if (request === undefined) throw new Error('there is no http/request');
    await using world = engineWorld({ 'http/request': request.definition });
    const [, steps = ''] = probe.split('steps:\n');
    expect(await world.ran(steps.replace('${{ params.url }}', String(given['url'])))).toMatchObject({
      outcome: 'errored',
      fault: { system: 'own', code: 'REQUEST_REFUSED' },
    });
  });

  test('every file of the project that it names is there', () => {
    const named = [...text.matchAll(/\b((?:config|scripts)\/[\w./-]*\w)/g)].map(([, path = '']) => path);
    expect(named.length).toBeGreaterThan(5);
    for (const path of named) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });

  test('all that lies in config/deploy/openshift is explained', () => {
    for (const name of [
      'deployment.yaml',
      'volume.yaml',
      'network-policy.yaml',
      'prometheus-rule.yaml',
      'ssh_known_hosts',
    ]) {
      expect(text).toContain(`\`${name}\``);
    }
  });
});
