import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readConfig, readEnvironment } from '../../src/core/config.ts';
import { webhookSchemaFile } from '../../src/core/message-schema.ts';
import { planProbe } from '../../src/core/planner.ts';
import { readProbe } from '../../src/core/probe.ts';
import { readProcedures } from '../../src/core/procedures.ts';
import { readScenario } from '../../src/core/scenario.ts';
import { schemaFiles } from '../../src/core/schema.ts';
import { discoverFaults } from '../../src/sandbox/faults/declared.ts';
import { shippedActions } from '../support/actions.ts';
import { openApiDocument } from '../support/openapi.ts';
import { ROOT } from '../support/sources.ts';

const read = (file: string) => readFileSync(`${ROOT}/${file}`, 'utf8');
const filesIn = (folder: string) =>
  readdirSync(`${ROOT}/${folder}`)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `${folder}/${name}`);

const actions = await shippedActions();
const faults = await discoverFaults();
const environments = filesIn('config/environments').map((file) => readEnvironment(file, read(file)));
const probes = filesIn('probes').map((file) => readProbe(file, read(file)));

describe('what ships', () => {
  test('the service reads its default configuration, which says nothing but the defaults', () => {
    expect(readConfig('config/packprobe.yaml', read('config/packprobe.yaml'))).toEqual(
      readConfig('empty', ''),
    );
  });

  test('every example in its comments is taken, and shows every part that is not there by default', () => {
    const said = read('config/packprobe.yaml')
      .replaceAll(/^( *\w+:) (?:\{\}|\[\])(?: #.*)?$/gm, '$1')
      // `dead_man` stands on its own, everything else within what comes before it.
      .replaceAll(/^# {2}(dead_man:.*)$/gm, '$1')
      .replaceAll(/^#(?= {2})/gm, '');
    const config = readConfig('config/packprobe.yaml', said);
    const { listen, metrics, incidents, dead_man, calendar, receivers, schedule: limits } = config;
    const shown = [listen.tls, listen.url, metrics.otlp, incidents.systems.ci, dead_man, limits.systems.koji];
    expect(shown).not.toContain(undefined);
    expect(Object.keys(listen.tokens)).toEqual(['oncall']);
    expect(Object.keys(calendar.feeds)).toEqual(['infrastructure', 'status']);
    expect(calendar.entries).toHaveLength(1);
    expect(Object.values(config.environments).map(({ max_runs }) => max_runs)).toEqual([5, undefined]);
    const kinds = Object.values(receivers).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['alertmanager', 'command', 'mail', 'matrix', 'webhook']);
  });

  test.each(filesIn('config/environments'))('%s is called as its file', (file) => {
    expect(`config/environments/${readEnvironment(file, read(file)).name}.yaml`).toBe(file);
  });

  test.each(filesIn('config/scenarios'))('%s is called as its file, and all its faults are known', (file) => {
    const { name, events } = readScenario(file, read(file));
    expect(`config/scenarios/${name}.yaml`).toBe(file);
    for (const event of events) if ('fault' in event) expect([...faults.keys()]).toContain(event.fault);
  });

  test.each(probes.map((probe) => [probe.document.file, probe] as const))(
    '%s is called as its file',
    (file, probe) => {
      expect(`probes/${probe.name}.yaml`).toBe(file);
    },
  );

  test.each(
    probes.flatMap((probe) =>
      environments.map((environment) => [probe.name, environment.name, probe, environment] as const),
    ),
  )('%s can be planned for %s', (_, __, probe, environment) => {
    const known = new Map(probes.map(({ name, confirm_with }) => [name, confirm_with]));
    const plan = planProbe({ probe, actions, environment, probes: known });
    expect(plan.steps).toHaveLength(probe.steps.length);
  });

  test.each(schemaFiles(actions).map(({ path, content }) => [path, content]))(
    '%s is what the code makes (npm run docs writes it)',
    async (path, content) => {
      await expect(content).toMatchFileSnapshot(`${ROOT}/${path}`);
    },
  );

  test('docs/webhook.schema.json is what the code makes (npm run docs writes it)', async () => {
    const { path, content } = webhookSchemaFile();
    await expect(content).toMatchFileSnapshot(`${ROOT}/${path}`);
  });

  test('the procedures can be read', () => {
    const file = 'config/procedures.yaml';
    expect(Object.keys(readProcedures(file, read(file)))).toContain('greenwave');
  });

  test('docs/openapi.json is what the routes of the server make (npm run docs writes it)', async () => {
    await expect(await openApiDocument()).toMatchFileSnapshot(`${ROOT}/docs/openapi.json`);
  });

  test.each([
    ...filesIn('probes'),
    ...filesIn('config'),
    ...filesIn('config/environments'),
    ...filesIn('config/scenarios'),
  ])('%s tells editors its schema', (file) => {
    expect(read(file)).toMatch(/^# yaml-language-server: \$schema=\S+\.schema\.json$/m);
  });
});
