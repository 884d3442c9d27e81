import type { Run } from '../common/stand-in.ts';

const TYPES = ['security', 'bugfix', 'enhancement', 'newpackage'] as const;

/** What differs between the versions that can be imitated. */
export interface Habits {
  readonly version: string;
  /** Values of `--type`. */
  readonly types: readonly string[];
  /** Whether `releases requirements` exists. */
  readonly requirements: boolean;
  /** How an update is named, where a command takes no other subject. */
  readonly updateId: RegExp;
  /** What follows a time in UTC: the older one sends it bare. */
  readonly zone: string;
  /** Options of `koji wait-repo` beside the build. */
  readonly waitRepo: readonly string[];
  /** Where Python warns that a password would be seen. */
  readonly getpass: string;
}

const HABITS = {
  '8.1.1': {
    version: '8.1.1',
    types: TYPES,
    requirements: false,
    updateId: /FEDORA-(EPEL-)?\d{4}/,
    zone: '',
    waitRepo: [],
    getpass: '/usr/lib64/python3.11/getpass.py:91',
  },
  '26.4.0': {
    version: '26.4.0',
    types: [...TYPES, 'unspecified'],
    requirements: true,
    updateId: /FEDORA-(EPEL-|FLATPAK-)?\d{4}/,
    zone: '+00:00',
    waitRepo: ['--request'],
    getpass: '/usr/lib64/python3.13/getpass.py:90',
  },
} as const satisfies Readonly<Record<string, Habits>>;

/** Version of bodhi-client that can be imitated. */
export type BodhiVersion = keyof typeof HABITS;

export function isBodhiVersion(version: string): version is BodhiVersion {
  return Object.hasOwn(HABITS, version);
}

export function habitsOf(version: BodhiVersion): Habits {
  return HABITS[version];
}

/** A running `bodhi`, which knows whom it imitates. */
export interface BodhiRun extends Run {
  readonly habits: Habits;
}
