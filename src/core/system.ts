/** Everything of the workflow that can be at fault, in the order in which a package meets it. */
export const SYSTEMS = [
  'fas',
  'dist-git',
  'lookaside',
  'forge',
  'koji',
  'signing',
  'bodhi',
  'ci',
  'resultsdb',
  'greenwave',
  'waiverdb',
  'messaging',
  'datagrepper',
  'koschei',
] as const;

export type System = (typeof SYSTEMS)[number];

/** Who is charged with a fault: a system of the workflow, or `own` for packprobe, its host and its configuration. */
export type Charge = System | 'own';
