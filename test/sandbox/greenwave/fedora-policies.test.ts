import { describe, expect, test } from 'vitest';
import { fedoraPolicies } from '../../../src/sandbox/greenwave/fedora-policies.ts';
import { fnmatch, matchesContexts, matchesVersion } from '../../../src/sandbox/greenwave/policy.ts';
import { releaseOf } from '../../../src/sandbox/greenwave/truth.ts';
import { defaultWorld } from '../../../src/sandbox/kit/world.ts';

const policies = fedoraPolicies(defaultWorld().releases);

function required(version: string, context: string): number {
  return policies
    .filter((policy) => matchesVersion(policy, version) && matchesContexts(policy, [context]))
    .flatMap(({ rules }) => rules)
    .filter(({ kind }) => kind === 'PassingTestCaseRule').length;
}

describe('policies of Fedora', () => {
  test.each([
    ['fedora-45', 'bodhi_update_push_stable_core_critpath', 69],
    ['fedora-44', 'bodhi_update_push_testing_critical-path-gnome_critpath', 14],
    ['fedora-44', 'bodhi_update_push_testing_critical-path-coreos_critpath', 1],
    ['fedora-43', 'bodhi_update_push_stable_critpath', 66],
    ['fedora-43', 'bodhi_update_push_testing_critical-path-gnome_critpath', 13],
    ['fedora-43', 'bodhi_update_push_testing_critical-path-coreos_critpath', 0],
    ['fedora-44', 'bodhi_update_push_testing', 0],
    ['fedora-epel-9', 'bodhi_update_push_stable_critpath', 0],
    ['fedora-rawhide', 'rawhide_compose_sync_to_mirrors', 43],
  ])('%s at %s asks for %i tests', (version, context, count) => {
    expect(required(version, context)).toBe(count);
  });

  test.each([
    ['fedora-44', 'fedora-*', true],
    ['fedora-44', 'fedora-4[34]', true],
    ['fedora-44', 'fedora-4[!4]', false],
    ['fedora-44', 'fedora-?', false],
    ['Fedora-44', 'fedora-*', false],
    ['a.b', 'a?b', true],
  ])('%s fits %s: %s', (name, pattern, fits) => {
    expect(fnmatch(name, pattern)).toBe(fits);
  });

  test('a build belongs to the release of its dist tag, also when a rebuild counts behind it', () => {
    const { releases } = defaultWorld();
    expect(releaseOf('foo-1.0-1.fc44.1', releases)?.name).toBe('F44');
    expect(releaseOf('foo-1.0-1.fc4', releases)).toBeUndefined();
  });
});
