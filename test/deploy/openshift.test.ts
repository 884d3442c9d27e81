import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 as Ajv, type AnySchemaObject } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { readConfig, readEnvironment } from '../../src/core/config.ts';
import { readProbe } from '../../src/core/probe.ts';
import { ROOT } from '../support/sources.ts';
import { DEPLOY, kustomizationOf, type Manifest, manifestsIn, podOf, readText } from './manifests.ts';

const service = manifestsIn('openshift');
const cronjob = manifestsIn('openshift-cronjob');
const all = [...service, ...cronjob];
const pods = all.filter(({ kind }) => kind === 'Deployment' || kind === 'CronJob');
const one = (kind: string) => all.find((manifest) => manifest.kind === kind) as Manifest;
const named = (manifests: readonly Manifest[]) =>
  manifests.map((manifest) => [manifest.file, manifest] as const);

const validate = schemas();

/** A validator for each kind. Their formats (`int32`, `int64`) say nothing that a type does not. */
function schemas() {
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  const kinds = new Map<string, string>();
  for (const name of ['kubernetes-1.37', 'prometheus-operator-0.85.0']) {
    const text = readFileSync(join(ROOT, `test/fixtures/schemas/${name}.json`), 'utf8');
    const schema = JSON.parse(text) as { $defs: Record<string, AnySchemaObject> };
    // A custom resource definition is open: the API server drops unknown keys in silence.
    ajv.addSchema(name.startsWith('kubernetes') ? schema : (closed(schema) as AnySchemaObject), name);
    for (const kind of Object.keys(schema.$defs)) kinds.set(kind, `${name}#/$defs/${kind}`);
  }
  return ({ file: _, ...object }: Manifest): readonly string[] => {
    const check = ajv.getSchema(kinds.get(object.kind) ?? '');
    if (check === undefined) return [`there is no schema of ${object.kind}`];
    return check(object)
      ? []
      : (check.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
}

function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).map(([key, value]) => [key, closed(value)] as const);
  const isObject = 'properties' in schema && !('additionalProperties' in schema) && 'type' in schema;
  const isMetadata = isObject && Object.keys(schema.properties as object).length === 0;
  return {
    ...Object.fromEntries(entries),
    ...(isObject && !isMetadata ? { additionalProperties: false } : {}),
  };
}

describe('the OpenShift manifests', () => {
  test.each(named(all))('%s is what the schema of its kind takes', (_, manifest) => {
    expect(validate(manifest)).toEqual([]);
  });

  test.each([
    ['Deployment', 'spec', { replica: 1 }],
    ['Deployment', 'spec', { strategy: { type: 'Recreate', maxSurge: 0 } }],
    ['CronJob', 'spec', { concurrency: 'Forbid' }],
    ['Service', 'spec', { publishNotReadyAddresses: 'yes' }],
    ['NetworkPolicy', 'spec', { ingress: [{ to: [] }] }],
    ['PersistentVolumeClaim', 'spec', { accessModes: 'ReadWriteOnce' }],
    ['ServiceMonitor', 'spec', { endpoints: [{ port: 'http', every: '30s' }] }],
    ['PrometheusRule', 'spec', { groups: [{ rules: [] }] }],
  ])('the schema of a %s refuses what is wrong in its %s: %j', (kind, key, wrong) => {
    const manifest = one(kind);
    expect(validate({ ...manifest, [key]: { ...manifest.spec, ...wrong } })).not.toEqual([]);
  });

  test('the kustomization names every manifest of its folder', () => {
    expect(kustomizationOf('openshift').resources.toSorted()).toEqual(
      service.map(({ file }) => file).toSorted(),
    );
  });

  test('the variant takes over all of it but the service', () => {
    const { resources, patches = [] } = kustomizationOf('openshift-cronjob');
    expect(resources).toEqual(['../openshift', ...cronjob.map(({ file }) => file)]);
    const removed = patches.map(({ target }) => `${target.kind} ${target.name}`);
    expect(removed).toEqual(['Deployment packprobe', 'Service packprobe', 'ServiceMonitor packprobe']);
    for (const { target } of patches) expect(one(target.kind).metadata.name).toBe(target.name);
  });

  test.each(named(pods))(
    '%s runs under any user id, cannot write to its root, and has no rights',
    (_, pod) => {
      const { securityContext, containers, automountServiceAccountToken } = podOf(pod);
      // A user or group that is fixed here is one that OpenShift refuses.
      expect(Object.keys(securityContext).toSorted()).toEqual([
        'fsGroupChangePolicy',
        'runAsNonRoot',
        'seccompProfile',
      ]);
      expect(automountServiceAccountToken).toBe(false);
      for (const container of containers) {
        expect(container.securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    },
  );

  test.each(named(pods))('%s mounts what there is, and all of it', (_, pod) => {
    const { volumes, containers } = podOf(pod);
    const mounted = containers.flatMap((container: { volumeMounts: { name: string }[] }) =>
      container.volumeMounts.map(({ name }) => name),
    );
    expect([...new Set(mounted)].toSorted()).toEqual(
      volumes.map(({ name }: { name: string }) => name).toSorted(),
    );
    const claims = volumes.flatMap((volume: { persistentVolumeClaim?: { claimName: string } }) =>
      volume.persistentVolumeClaim === undefined ? [] : [volume.persistentVolumeClaim.claimName],
    );
    expect(claims).toEqual([one('PersistentVolumeClaim').metadata.name]);
  });

  test.each(named(pods))('%s takes from the ConfigMap what the kustomization puts there', (_, pod) => {
    const [generated] = kustomizationOf('openshift').configMapGenerator ?? [];
    const taken = podOf(pod).volumes.flatMap(
      (volume: { configMap?: { name: string; items: { key: string }[] } }) => {
        if (volume.configMap !== undefined) expect(volume.configMap.name).toBe(generated?.name);
        return volume.configMap?.items.map(({ key }) => key) ?? [];
      },
    );
    expect(taken.toSorted()).toEqual(generated?.files.toSorted());
    const files = readdirSync(join(DEPLOY, 'openshift'));
    for (const file of generated?.files ?? []) expect(files).toContain(file);
  });

  test('no manifest holds a secret, nor an environment variable that could be one', () => {
    expect(all.filter(({ kind }) => kind === 'Secret')).toEqual([]);
    const variables = pods.flatMap((pod) =>
      podOf(pod).containers.flatMap(
        (container: { env?: { name: string; value?: string }[] }) => container.env ?? [],
      ),
    );
    for (const { name, value } of variables) {
      if (value !== undefined) expect(name).not.toMatch(/token|password|secret|key/i);
    }
  });

  test('the environment finds its secrets where they are mounted', () => {
    const { identity } = readEnvironment('fedora-staging.yaml', readText('openshift/fedora-staging.yaml'));
    for (const pod of pods) {
      const { volumes, containers } = podOf(pod);
      const mount = containers[0].volumeMounts.find(
        ({ name }: { name: string }) => name === 'secrets',
      ).mountPath;
      const sources = volumes.find(({ name }: { name: string }) => name === 'secrets').projected.sources;
      const paths = sources.flatMap(({ secret }: { secret: { items: { path: string }[] } }) =>
        secret.items.map(({ path }) => `${mount}/${path}`),
      );
      expect([identity.keytab, identity.ssh_key]).toEqual(paths.map((file: string) => ({ file })));
    }
  });

  test('its environment is the one that ships, but for secrets and what no probe of it needs', () => {
    const shipped = readFileSync(join(ROOT, 'config/environments/fedora-staging.yaml'), 'utf8');
    const ours = readEnvironment('ours', readText('openshift/fedora-staging.yaml'));
    const { systems } = readEnvironment('shipped', shipped);
    expect(systems).toMatchObject(ours.systems);
  });

  test('every environment that is served has its file where packprobe looks for it', () => {
    const { environments } = readConfig('packprobe.yaml', readText('openshift/packprobe.yaml'));
    const names = Object.keys(environments);
    expect(names.map((name) => readEnvironment(name, readText(`openshift/${name}.yaml`)).name)).toEqual(
      names,
    );
    expect(names.length).toBeGreaterThan(0);
    for (const pod of pods) {
      const volumes = podOf(pod).volumes as { name: string; configMap?: { items: { path: string }[] } }[];
      const paths = volumes.find(({ name }) => name === 'config')?.configMap?.items.map(({ path }) => path);
      expect(paths).toEqual(['packprobe.yaml', ...names.map((name) => `environments/${name}.yaml`)]);
    }
  });

  test('the service listens where the pod, the Service and the NetworkPolicy expect it', () => {
    const { listen } = readConfig('packprobe.yaml', readText('openshift/packprobe.yaml'));
    const [container] = podOf(one('Deployment')).containers;
    const [ingress] = one('NetworkPolicy').spec.ingress;
    expect(listen).toMatchObject({ host: '0.0.0.0', port: container.ports[0].containerPort });
    expect(one('Service').spec.ports).toEqual([{ name: 'http', port: listen.port, targetPort: 'http' }]);
    expect(one('ServiceMonitor').spec.endpoints[0].port).toBe(one('Service').spec.ports[0].name);
    expect(ingress.ports).toEqual([{ port: listen.port, protocol: 'TCP' }]);
  });

  test('only a process that is stuck is restarted, never one whose systems are away', () => {
    const [{ livenessProbe, startupProbe, readinessProbe }] = podOf(one('Deployment')).containers;
    expect(livenessProbe.httpGet.path).toBe('/healthz/live');
    expect(startupProbe.httpGet.path).toBe('/healthz/live');
    expect(readinessProbe.httpGet.path).toBe('/healthz/ready');
  });

  test('two never write to the volume at once', () => {
    const { replicas, strategy } = one('Deployment').spec;
    expect([replicas, strategy.type]).toEqual([1, 'Recreate']);
    expect(one('CronJob').spec.concurrencyPolicy).toBe('Forbid');
  });

  test('a job has time for a whole run and its clean-up, and an end', () => {
    const probe = readProbe('single-build', readFileSync(join(ROOT, 'probes/single-build.yaml'), 'utf8'));
    const cleanUpS = 600;
    const { activeDeadlineSeconds, backoffLimit } = one('CronJob').spec.jobTemplate.spec;
    const { terminationGracePeriodSeconds } = podOf(one('CronJob'));
    expect(activeDeadlineSeconds).toBeGreaterThanOrEqual(probe.timeout / 1000 + cleanUpS);
    expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(cleanUpS);
    expect(backoffLimit).toBe(0);
  });
});
