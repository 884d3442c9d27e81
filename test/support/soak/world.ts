import { defaultWorld, GATING, type World } from '../../../src/sandbox/kit/world.ts';

/** The packages of a soak: each can be built, tested and updated, and only one run at a time may use it. */
export function packagesOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `soak-package-${index + 1}`);
}

/** The sandbox's own world with other packages in it. */
export function soakWorld(packages: number): World {
  return {
    ...defaultWorld(),
    packages: packagesOf(packages).map((name) => ({ name, test: 'PASSED', build: 'good', gating: GATING })),
  };
}

/** Password of the packager in it, good on loopback alone. */
export function packagerOf({ users, packager }: World): { readonly user: string; readonly password: string } {
  const password = users.find(({ name }) => name === packager)?.password ?? '';
  return { user: packager, password };
}
