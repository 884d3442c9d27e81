import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type SandboxClock, sandboxClock } from '../../../src/sandbox/kit/clock.ts';
import { openKit } from '../../../src/sandbox/kit/open-kit.ts';
import { defaultWorld, type World } from '../../../src/sandbox/kit/world.ts';
import type { KojiDependencies } from '../../../src/sandbox/koji/hub.ts';
import { openKoji } from '../../../src/sandbox/koji/koji.ts';
import { rpcClient } from './client.ts';

/** Text of the spec of a package. */
export function specOf(name: string, { version = '1.0', release = '1', more = '' } = {}): string {
  return `Name:           ${name}
Version:        ${version}
Release:        ${release}%{?dist}
Summary:        A package
License:        MIT
Source0:        %{name}-%{version}.tar.gz
${more}
%description
Nothing.

%prep
%autosetup

%build
true

%install
mkdir -p %{buildroot}

%files

%changelog
`;
}

export const SHA = 'a'.repeat(128);

/** Files by `PACKAGE COMMIT PATH`. */
export type Files = Record<string, string>;

/** A commit with a spec and the sources that it names. */
export function commitOf(pkg: string, commit: string, spec: string, version = '1.0'): Files {
  return {
    [`${pkg} ${commit} ${pkg}.spec`]: spec,
    [`${pkg} ${commit} sources`]: `SHA512 (${pkg}-${version}.tar.gz) = ${SHA}\n`,
  };
}

export interface HubOptions {
  readonly files?: Files;
  readonly world?: World;
  readonly speed?: number;
  /** What it goes by, closed with it. @defaultValue a clock of its own */
  readonly clock?: SandboxClock;
  readonly offBranch?: readonly string[];
  readonly inLookaside?: boolean;
  readonly dependencies?: Partial<KojiDependencies>;
}

/** What its own clock shows first. */
export const STARTS = Date.UTC(2026, 5, 9, 8);

/** An open hub with a dist-git and a lookaside cache of constants; dispose it. */
export async function hubWith({
  files = {},
  world = defaultWorld(),
  speed = 4000,
  clock = sandboxClock(STARTS, speed),
  offBranch = [],
  inLookaside = true,
  dependencies = {},
}: HubOptions = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'koji-hub-'));
  const troubles: string[] = [];
  const kit = openKit({
    clock,
    world,
    dir,
    seed: 'seed',
    trouble: (where, error) => troubles.push(`${where}: ${error}`),
  });
  const opened = await openKoji(kit, {
    distGit: {
      readFile: async (pkg, commit, path) => files[`${pkg} ${commit} ${path}`],
      isOnBranch: async (pkg, commit) =>
        !offBranch.includes(commit) && Object.keys(files).some((key) => key.startsWith(`${pkg} ${commit} `)),
      has: (pkg) =>
        world.packages.some(({ name }) => name === pkg) ||
        Object.keys(files).some((key) => key.startsWith(`${pkg} `)),
    },
    lookaside: { has: () => inLookaside },
    messageOf: async (_pkg, commit) => (commit.startsWith('9') ? undefined : `run ${commit.slice(0, 4)}`),
    ...dependencies,
  });
  return {
    kit,
    clock,
    troubles,
    port: opened.port,
    url: opened.url,
    ...rpcClient(opened.url),
    async [Symbol.asyncDispose]() {
      await opened.close();
      clock.close();
      await rm(dir, { recursive: true });
    },
  };
}

/** Looks again and again until the answer is there; it is the test's limit that ends it. */
export async function until<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
