import type { StandIn } from './common/stand-in.ts';

/**
 * The packager's commands, each as a function that answers like the real one of its version (koji 1.36.1, pyrpkg 1.70, bodhi-client 26.4.0,
 * MIT Kerberos 1.20.1). Each is loaded when it is first called: a command pays the start of its own code only.
 */
export const standIns = {
  kinit: async (...call) => (await import('./krb/kinit.ts')).kinit(...call),
  klist: async (...call) => (await import('./krb/klist.ts')).klist(...call),
  kvno: async (...call) => (await import('./krb/kvno.ts')).kvno(...call),
  kdestroy: async (...call) => (await import('./krb/kdestroy.ts')).kdestroy(...call),
  fedpkg: async (...call) => (await import('./fedpkg/fedpkg.ts')).fedpkg(...call),
  koji: async (...call) => (await import('./koji/koji.ts')).koji(...call),
  bodhi: async (...call) => (await import('./bodhi/bodhi.ts')).bodhi(...call),
} satisfies Readonly<Record<string, StandIn>>;

/** Name of a command that has a stand-in. */
export type StandInName = keyof typeof standIns;

export function isStandInName(name: string): name is StandInName {
  return Object.hasOwn(standIns, name);
}
