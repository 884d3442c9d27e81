import type { Delay } from './draw.ts';

/** A release as Bodhi and Koji know it. */
export interface WorldRelease {
  /** `F44`. */
  readonly name: string;
  readonly long_name: string;
  readonly version: string;
  readonly branch: string;
  readonly dist_tag: string;
  readonly id_prefix: string;
  readonly state: 'disabled' | 'pending' | 'frozen' | 'current' | 'archived';
  readonly composed_by_bodhi: boolean;
  readonly create_automatic_updates: boolean;
  readonly candidate_tag: string;
  readonly pending_signing_tag: string;
  readonly pending_testing_tag: string;
  readonly testing_tag: string;
  readonly pending_stable_tag: string;
  readonly stable_tag: string;
  readonly override_tag: string;
  /** Koji's build tag and the targets that use it. */
  readonly build_tag: string;
  readonly targets: readonly string[];
  readonly signing_key: string;
  /** Epoch ms. */
  readonly released_on: number | null;
  readonly eol: number | null;
}

/** A package at the sandbox's start. */
export interface WorldPackage {
  readonly name: string;
  /** How its test ends: `PASSED` or `FAILED`. */
  readonly test: 'PASSED' | 'FAILED';
  /** Where its `rpmbuild` breaks: the spec itself says so. */
  readonly build: 'good' | 'broken';
  /** Who says its release: its spec, or rpmautospec, which counts commits. @defaultValue 'numbered' */
  readonly release?: 'numbered' | 'counted';
  /** Content of gating.yaml on every branch; undefined: none. */
  readonly gating: string | undefined;
}

/** A package of somebody else: only its builds and updates are there, no repository that can be cloned. */
export interface OtherPackage {
  readonly name: string;
  readonly owner: string;
  /** How long its builds take, as a multiple of the usual. */
  readonly weight: number;
  readonly isGated: boolean;
}

/** Who else builds and updates in the world. */
export interface Others {
  readonly people: readonly string[];
  readonly packages: ReadonlyMap<string, OtherPackage>;
}

/** The package of an NVR, where it is somebody else's. */
export function othersPackage({ others }: World, nvr: string): OtherPackage | undefined {
  return others?.packages.get(nvr.split('-').slice(0, -2).join('-'));
}

export interface World {
  /** Middle part of topics: `sandbox` gives `org.fedoraproject.sandbox.…`. */
  readonly stage: string;
  readonly realm: string;
  readonly releases: readonly WorldRelease[];
  readonly packages: readonly WorldPackage[];
  readonly users: readonly {
    readonly name: string;
    readonly password: string;
    readonly groups: readonly string[];
  }[];
  /** The packager that packprobe walks as; one of `users`. */
  readonly packager: string;
  readonly arches: readonly string[];
  /** Groups of the critical path with their packages, alike in all releases; left out: none. */
  readonly critpath?: Readonly<Record<string, readonly string[]>>;
  readonly tests: readonly string[];
  /** @defaultValue nobody */
  readonly others?: Others;
  /** Delays that win over the usual ones, by point. */
  readonly delays: Readonly<Record<string, Delay>>;
}

/** The gating.yaml of a package whose one test must pass before either push. */
export const GATING = `--- !Policy
product_versions:
  - fedora-*
decision_contexts:
  - bodhi_update_push_testing
  - bodhi_update_push_stable
subject_type: koji_build
rules:
  - !PassingTestCaseRule {test_case_name: fedora-ci.koji-build.tier0.functional}
`;

/** A release of Fedora as its version and state make it. */
export function fedora(version: number, rawhide: boolean, releasedOn: number | null): WorldRelease {
  const f = `f${version}`;
  return {
    name: `F${version}`,
    long_name: `Fedora ${version}`,
    version: String(version),
    branch: rawhide ? 'rawhide' : f,
    dist_tag: f,
    id_prefix: 'FEDORA',
    state: rawhide ? 'pending' : 'current',
    composed_by_bodhi: !rawhide,
    create_automatic_updates: rawhide,
    candidate_tag: `${f}-updates-candidate`,
    pending_signing_tag: `${f}-signing-pending`,
    pending_testing_tag: `${f}-updates-testing-pending`,
    testing_tag: `${f}-updates-testing`,
    pending_stable_tag: `${f}-updates-pending`,
    stable_tag: rawhide ? f : `${f}-updates`,
    override_tag: rawhide ? '' : `${f}-override`,
    build_tag: `${f}-build`,
    targets: rawhide ? [`${f}-candidate`, f, 'rawhide'] : [`${f}-candidate`, f],
    signing_key: (0x31645531 + version).toString(16),
    released_on: releasedOn,
    eol: releasedOn === null ? null : releasedOn + 395 * 86_400_000,
  };
}

/** Fedora as it might stand on a Tuesday morning: two current releases and Rawhide, four test packages. */
export function defaultWorld(): World {
  return {
    stage: 'sandbox',
    realm: 'SANDBOX.INVALID',
    releases: [
      fedora(45, true, null),
      fedora(44, false, Date.UTC(2026, 3, 14)),
      fedora(43, false, Date.UTC(2025, 9, 28)),
    ],
    packages: [
      { name: 'dummy-test-package-gloster', test: 'PASSED', build: 'good', gating: GATING },
      { name: 'dummy-test-package-crested', test: 'PASSED', build: 'good', gating: GATING },
      { name: 'dummy-test-package-rubino', test: 'PASSED', build: 'good', gating: GATING },
      { name: 'dummy-test-package-waive', test: 'FAILED', build: 'good', gating: GATING },
      { name: 'dummy-test-package-broken', test: 'PASSED', build: 'broken', gating: GATING },
      {
        name: 'dummy-test-package-autospec',
        test: 'PASSED',
        build: 'good',
        release: 'counted',
        gating: GATING,
      },
    ],
    users: [
      { name: 'packprobe', password: 'sandbox', groups: ['packager', 'signed_fpca'] },
      { name: 'bodhi', password: 'sandbox', groups: ['packager'] },
      { name: 'autopen', password: 'sandbox', groups: [] },
    ],
    packager: 'packprobe',
    arches: ['x86_64', 'aarch64'],
    tests: ['fedora-ci.koji-build.tier0.functional'],
    delays: {},
  };
}
