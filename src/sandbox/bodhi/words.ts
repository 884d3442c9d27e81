/** Bodhi's enumerations, in the order in which its error texts list them. */
export const STATUSES = ['pending', 'testing', 'stable', 'unpushed', 'obsolete'] as const;
export const REQUESTS = ['testing', 'obsolete', 'unpush', 'revoke', 'stable'] as const;
export const GATINGS = [
  'waiting',
  'ignored',
  'queued',
  'running',
  'passed',
  'failed',
  'greenwave_failed',
] as const;
export const TYPES = ['bugfix', 'security', 'newpackage', 'enhancement', 'unspecified'] as const;
export const SEVERITIES = ['unspecified', 'urgent', 'high', 'medium', 'low'] as const;
export const SUGGESTIONS = ['unspecified', 'reboot', 'logout'] as const;
export const CONTENT_TYPES = ['base', 'rpm', 'module', 'container', 'flatpak'] as const;
export const RELEASE_STATES = ['disabled', 'pending', 'frozen', 'current', 'archived'] as const;
export const PACKAGE_MANAGERS = ['unspecified', 'dnf', 'yum'] as const;

export type Status = (typeof STATUSES)[number];
export type Request = (typeof REQUESTS)[number];
export type Gating = (typeof GATINGS)[number];
export type ReleaseState = (typeof RELEASE_STATES)[number];

/** Groups whose members may touch every package's updates. */
export const ADMIN_PACKAGER_GROUPS: readonly string[] = [
  'provenpackager',
  'releng-team',
  'security_respons',
  'bodhi_update_bots',
];
/** Groups that manage releases. */
export const ADMIN_GROUPS: readonly string[] = [
  'proventesters',
  'security_respons',
  'bodhiadmin',
  'releng-team',
];
export const PACKAGER_GROUP = 'packager';

export const MAX_NOTES = 10_000;
export const APPROVAL_TEXT = 'This update can be pushed to stable now if the maintainer wishes';
export const NO_AUTOPUSH_TEXT =
  'Bodhi is disabling automatic push to stable due to negative karma. The maintainer may push manually if they determine that the issue is not severe.';
export const NOT_TESTED_TEXT =
  'This update has not yet met the minimum testing requirements defined in the <a href="https://fedoraproject.org/wiki/Package_update_acceptance_criteria">Package Update Acceptance Criteria</a>';
export const NOT_TESTED_EPEL_TEXT =
  'This update has not yet met the minimum testing requirements defined in the <a href="https://fedoraproject.org/wiki/EPEL_Updates_Policy">EPEL Update Policy</a>';
